"""What calls cost: prices of trunks, charges of calls, reports, and the carrier's own records."""
