"""Pulumi's language host for Python, as small as it can be: run by the engine, never imported."""
