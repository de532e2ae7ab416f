"""The wiring of one gateway: every part is made here, as configured, and handed to the parts that need it."""
