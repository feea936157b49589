"""Following the changes of a dataset: asked page by page, verified change by change, resumable."""
