"""The console's own database: tables, unit of work and repositories. SQLite by default, PostgreSQL when outgrown."""
