"""Facts of the hot path's tables that code and migrations agree on."""

NONCE_TABLES = 3
"""Tables of nonces: ``nonces_0`` to ``nonces_2``."""
NONCE_WINDOW = 512
"""Seconds of ``expires`` that one nonce table holds: more than lifetime + 2 × skew, so that with
three tables the one that is emptied is never one in which a live nonce lies."""
