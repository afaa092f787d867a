"""Floor 4: typed clients of APIs. A client gets an endpoint; it starts no service."""
