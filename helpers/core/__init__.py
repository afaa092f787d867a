"""Floor 1: what every room stands on: processes, errors, redaction, paths, files, displays, HTML, verdicts."""
