"""A kernel that knows the course: an IPython extension, loaded by the environment's own configuration.

Nothing depends on it: a notebook that is run from the top by any kernel does the same. It helps a person at a keyboard
after a restart, out of order, or with a slip in a cell's first line.
"""

from helpers.course.kernel._extension import load_ipython_extension

__all__ = ["load_ipython_extension"]
