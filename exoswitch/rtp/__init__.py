"""Media: RTP packets in and out, G.711, jitter, playout, and the plane that ticks them all."""
