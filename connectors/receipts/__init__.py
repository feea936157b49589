"""Receipts and their proofs: kept, fetched, verified, handed on as evidence."""
