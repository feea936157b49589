"""Objections 校核: a value is called wrong, verified, and answered (政务数据共享条例, Art 26)."""
