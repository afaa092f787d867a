"""Helpers of MOD-208: typed wrappers of the real tools, local services, checks and displays.

This is the facade: every name that a notebook uses comes from here. The names are listed once, in ``__init__.pyi``
beside this file. A name is loaded when it is first used, so that ``import helpers`` costs next to nothing.
"""

import logging

from helpers.core import lazy

# Silent unless somebody asks: see `helpers.core.logs`.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
