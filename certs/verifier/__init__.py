"""``yifen_verify.py``: verifies receipts and whole logs, in one file, with nothing of ours.

Auditors take the file away and run it on their own machine. It imports only Python's standard
library and ``cryptography``, nothing imports it, and what it repeats of this project it repeats on
purpose: its answers rest on none of our code.
"""
