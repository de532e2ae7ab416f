"""Facts of telephone networks: E.164 numbers, Q.850 hang-up causes, SIP statuses, days in India."""
