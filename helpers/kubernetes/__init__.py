"""The Kubernetes API, as kubectl uses it: typed calls, typed answers."""
