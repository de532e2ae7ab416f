"""The HTTP site of a gateway."""
