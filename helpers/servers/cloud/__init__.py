"""The service ``cloud``."""
