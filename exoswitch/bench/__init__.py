"""A benchmark of a gateway on this machine: its load, its subjects, its trials and their figures."""
