"""A stream to a voice bot, as Exotel's voicebot applet makes it."""
