"""Counters of what happens."""
