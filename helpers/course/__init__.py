"""Floor 7: labs, checks, scenarios of the lectures, quiz, teaching."""
