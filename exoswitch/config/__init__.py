"""The configuration: its file, its checks and its model."""
