"""What a notebook shows. Each widget has a static HTML twin; `helpers.widgets` imports nothing heavy.

Where to find what:

- the static HTML of a result type: ``renderers/``, without ipywidgets. It is safe whatever the values are, the same
  each time, and usable by keyboard (``<details>``) without any script;
- an interactive widget: the modules here. It shows a widget where a front end is there, else its static twin;
- which function shows which type: ``registry.py``; a display for a type of your own: ``widgets.register(...)``;
- colours (those of the plan graph, too), symbols and words: ``helpers/core/html/style.py``; the style sheets are
  ``static.css`` and ``widget.css`` beside it.

The names are listed in ``__init__.pyi`` and loaded at their first use.
"""

from helpers.core import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
