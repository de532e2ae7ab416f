"""Asterisk's manager interface: its messages, a client, and one Asterisk as a switch."""
