"""The subcommands of `exoswitch`."""
