"""What we believe: keys, authority, signatures, receipts, Merkle proofs, sealing."""
