"""The trunks of a fleet: limits, turns and breakers, in memory."""
