"""Places for calls and jobs, shared by a fleet of gateways or kept by one alone."""
