"""What was said on a stream, written down, read again and replayed."""
