"""Exotel as its users see it: stream messages, SIDs, statuses, the WebSocket and the REST calls."""
