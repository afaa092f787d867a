"""Floor 6: programs that run as ``python -m``, and their service declarations; nobody imports them."""
