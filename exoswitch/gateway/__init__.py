"""All calls of this gateway: dialled, calling in, taken over from others, found again."""
