"""What a gateway counts and measures: the catalogue of metrics, and where they are kept."""
