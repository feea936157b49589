"""The department's side: client, sources, receipts, command line."""
