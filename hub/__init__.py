"""The exchange: lookup, publish, access, ledger, audit, people, storage, web, ops."""
