"""The course as a static site: ``python -m website DIR``; nothing is fetched when it is read."""
