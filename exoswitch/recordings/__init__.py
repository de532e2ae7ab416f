"""Recordings of calls: their audio, their files, and how long these are kept."""
