"""exoswitch: phone calls held by Asterisk, bridged to voice bots that were written for Exotel."""

__version__ = "0.1.0"
