"""Floor 5: gates, leaks, audit, evidence, provenance, promotion."""
