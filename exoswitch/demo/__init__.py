"""A whole call on this machine, with nothing installed beside it: `exoswitch demo`."""
