"""What Exotel tells others of a call when it has ended."""
