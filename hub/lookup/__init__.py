"""A lookup in seven steps, from identify to receipt (``exchange.py`` tells them in order)."""
