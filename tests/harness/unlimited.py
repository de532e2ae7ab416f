"""The limits a minute of an account that tests use faster than a dialer would."""

UNLIMITED = {"calls_per_minute": 1_000_000, "reads_per_minute": 1_000_000}
