"""Exotel's REST API, version 1."""
