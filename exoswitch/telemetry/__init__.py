"""Counters of events."""
