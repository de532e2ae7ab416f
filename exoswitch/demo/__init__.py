"""A whole call on this machine, without other software: `exoswitch demo`."""
