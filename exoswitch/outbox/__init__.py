"""The outbox: what dialers are to be told, kept until it is delivered."""
