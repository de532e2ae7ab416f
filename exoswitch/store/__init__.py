"""Parts of every store of rows: one SQLite file, one PostgreSQL connection, schema versions, partitions."""
