"""Where sessions and nodes are kept."""
