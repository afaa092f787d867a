"""Programs for people who work on the project; nothing that runs in the course imports them."""
