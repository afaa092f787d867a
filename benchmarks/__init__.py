"""Figures of the course: ``python -m benchmarks NAME [--json]``. Medians and ratios of pairs run in turn."""
