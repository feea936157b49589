"""Where things lie: databases, the hub's folder, sealed records, keys (see README.md)."""
