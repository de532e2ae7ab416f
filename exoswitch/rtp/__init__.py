"""The media plane: RTP, jitter buffer, playout, and the tick of all calls."""
