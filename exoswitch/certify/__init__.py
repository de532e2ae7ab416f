"""`exoswitch certify`: a voice bot, called as Exotel would call it, and judged."""
