"""What auditors ask of the log: searches over it, and single entries opened with their proof."""
