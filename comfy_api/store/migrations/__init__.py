"""Every step that the database has gone through. Alembic runs them; ``migrate.py`` starts it."""
