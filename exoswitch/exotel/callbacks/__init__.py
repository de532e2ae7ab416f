"""What a dialer's server is told of a call, or asked: Exotel's status callbacks and Passthru."""
