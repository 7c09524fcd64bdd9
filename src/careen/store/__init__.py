"""What is kept: rows in SQLite or PostgreSQL, bytes in a folder."""
