"""Traces of streams: written, read, redacted and replayed."""
