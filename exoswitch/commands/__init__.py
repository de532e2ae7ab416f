"""The subcommands of `exoswitch`; each module has one question of the command line."""
