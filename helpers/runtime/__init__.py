"""Floor 2: finding and building tools; starting, watching and stopping services."""
