"""The ledger 存证日志: where things become true (see README.md for the life of one entry)."""
