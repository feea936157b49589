"""Random bytes from the kernel's generator, taken in blocks.

A lookup needs random bytes in four places; one system call for each costs more than what they are
used for. Each byte is handed out once, whatever thread asks; a forked child starts anew.
"""

import os
import threading

_BLOCK = 8192


class _Pool(threading.local):
    """What one thread has left of its last block."""

    def __init__(self) -> None:
        self.block = b""
        self.position = 0


_pool = _Pool()


def random_bytes(count: int) -> bytes:
    """``count`` bytes, at most 8192, that nobody else got."""
    begin = _pool.position
    end = begin + count
    if end > len(_pool.block):
        _pool.block = os.urandom(_BLOCK)
        begin, end = 0, count
    _pool.position = end
    return _pool.block[begin:end]


def _forget() -> None:
    _pool.block = b""
    _pool.position = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
