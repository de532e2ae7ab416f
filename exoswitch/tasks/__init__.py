"""Work in the background: start it, repeat it, try it again."""
