"""The network: names, addresses, connections to hosts by their names, and TLS."""
