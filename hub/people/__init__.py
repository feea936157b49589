"""People: accounts, what each role may do, and sessions."""
