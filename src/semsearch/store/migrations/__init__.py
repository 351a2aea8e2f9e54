"""Alembic migrations of the database, shipped with the package and run when it is opened."""
