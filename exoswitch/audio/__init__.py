"""Audio processing without RTP: frames, G.711, resampling, concealment, WAV files."""
