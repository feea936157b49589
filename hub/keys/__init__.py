"""The hub's own keys: which there are, who signs now, and how they are replaced."""
