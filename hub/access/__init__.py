"""Who may ask what: departments, connectors, certificates, grants, purposes, and their standing."""
