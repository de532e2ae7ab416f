"""Audio without a network: frames, G.711, resampling, concealment, WAV files."""
