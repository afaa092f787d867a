"""The cloud: AWS's API, served by the local cloud or by AWS itself."""
