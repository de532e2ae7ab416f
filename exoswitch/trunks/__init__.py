"""SIP trunks: how a number is dialled on each, and what Asterisk must be told of it."""
