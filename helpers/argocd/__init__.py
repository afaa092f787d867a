"""Argo CD over its REST API: typed calls, typed answers, live events."""
