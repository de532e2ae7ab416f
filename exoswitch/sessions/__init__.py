"""Sessions kept: batched notes, a journal for outages, SQLite, PostgreSQL."""
