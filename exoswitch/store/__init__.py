"""What every store of rows needs: one SQLite file, one PostgreSQL connection, schema versions."""
