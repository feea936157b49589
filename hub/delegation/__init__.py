"""Delegations: a window acts for another department, under that department's grants."""
