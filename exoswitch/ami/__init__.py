"""Asterisk's manager interface: its messages, a client, and the configuration that we render for it."""
