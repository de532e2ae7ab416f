"""The tokens of accounts: their hashes, and whether a client has the right one."""
