"""The trunks of a fleet, counted in Redis."""
