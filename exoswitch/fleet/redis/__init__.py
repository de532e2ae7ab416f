"""Places and jobs in Redis; each operation is one Lua script."""
