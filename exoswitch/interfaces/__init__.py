"""What calls ask of the world: a switch, media, bots, a trunk, routing, metrics.

These docstrings are the reference manual for authors of another implementation; `tests/contract/` holds one
suite per interface, run over every implementation. Methods that return a Deferred may fail with
:class:`~exoswitch.errors.BackendUnavailable` besides the errors that they name.
"""
