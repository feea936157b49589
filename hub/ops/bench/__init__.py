"""``hub bench``: what a lookup and a published row cost, beside the ceilings of the same run."""
