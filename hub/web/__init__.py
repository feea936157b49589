"""HTTP: the bare endpoint of the hot path, JSON routes, problem documents, pages."""
