"""Grading: plugs into nbgrader by its own configuration (``nbgrader_config.py``); never imported by `helpers`.

`room` is where one submission is graded, `execute` runs its notebooks there, `submission` reads what learners hand
in, however broken, `release` makes what they get, `export` says what came out.
"""
