"""A class: its directory, and each stage from release to archive, on top of nbgrader.

`klass` is what a class is (``class.yaml``), `roster` who is in it, `founding` makes it, `stages` are its commands,
`marks` what comes out, `integrity` what an instructor should look at, `archiving` its end, `edition` what learners get.
nbgrader's own commands work in the class's directory too: it has a ``nbgrader_config.py``.
"""
