"""The course's side panel in JupyterLab: what its page (`extension/`, built into `labextension/`) asks the server."""
