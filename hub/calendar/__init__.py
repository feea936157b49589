"""Working days and the clocks that the law sets, with what an administrator has corrected."""
