"""Each table of the control plane as the log's entries tell it, area by area."""
