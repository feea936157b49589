"""What may be asked: identifiers, dataset definitions, purposes, messages, wire schemas."""
