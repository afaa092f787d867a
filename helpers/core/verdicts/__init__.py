"""Types of verdicts: what checks and gates say."""
