"""Asterisk's configuration files, rendered from exoswitch.yaml."""
