"""The worlds of lectures and labs: material, people and events that a notebook plays with."""

from helpers.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
