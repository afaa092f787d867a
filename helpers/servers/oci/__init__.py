"""The service ``oci``."""
