"""Migrations of the control database, by Alembic; each stands as it was when it was released."""
