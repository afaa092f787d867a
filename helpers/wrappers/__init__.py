"""Floor 3: one command line tool each."""
