"""A witness: looks on while logs grow, cosigns what only grows, and refuses everything else."""
