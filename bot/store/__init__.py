"""The store: rows are the only truth. SQLAlchemy tables, SQLite by default, PostgreSQL by one URL."""
