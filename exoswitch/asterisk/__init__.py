"""Asterisk's configuration files, rendered from ours."""
