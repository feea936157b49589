"""The figure: what need not be brought, derived from the ledger."""
