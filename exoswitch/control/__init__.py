"""The control socket: commands on this machine ask the running gateway of a configuration file."""
