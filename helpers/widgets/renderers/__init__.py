"""Static HTML of each result type."""
