"""Exotel's callbacks: a report to another server when a call has ended."""
