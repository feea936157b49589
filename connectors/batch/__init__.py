"""One question about many subjects: asked, verified subject by subject, kept as one receipt."""
