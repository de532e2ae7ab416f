"""Exotel's ``Calls/connect``: the request of a dialer becomes a call."""
