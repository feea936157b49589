"""Publishing: every row of a source checked, sealed, and shown whole or not at all."""
