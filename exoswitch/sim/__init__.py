"""A simulated Asterisk, its callers, a network between, and a bot: product code, and the tests' too."""
