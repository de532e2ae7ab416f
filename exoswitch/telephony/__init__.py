"""Facts of telephone networks: E.164 numbers and Q.850 hang-up causes."""
