"""The service ``image-admission``."""
