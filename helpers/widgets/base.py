"""Base of the interactive widgets: shows the best that the place it is shown in can show."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython

from helpers.core.errors import CourseError
from helpers.core.html.elements import cut, head, mark, page, tag
from helpers.core.html.style import style

VIEW = "application/vnd.jupyter.widget-view+json"


def front_end() -> bool:
    """Is there a person's front end that can show a live widget?

    A headless run (nbclient, papermill, nbval) says with each request that nobody can answer a prompt
    (``allow_stdin`` of the Jupyter messaging protocol); a front end says the opposite. ``MOD208_WIDGETS`` set to
    ``html`` or ``widget`` decides instead.
    """
    choice = os.environ.get("MOD208_WIDGETS", "")
    if choice in ("html", "widget"):
        return choice == "widget"
    kernel = getattr(get_ipython(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))


class Interactive:
    """A display with a widget and a static twin. The widget is made when it is first shown."""

    _built: Any = None
    _work: threading.Thread | None = None

    def html(self) -> str:
        """Return the static twin."""
        raise NotImplementedError

    def _build(self) -> Any:
        """Return the widget."""
        raise NotImplementedError

    @property
    def widget(self) -> Any:
        """The ipywidgets object, for a layout of your own."""
        if self._built is None:
            self._built = self._build()
        return self._built

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self), "text/html": self.html()}
        if front_end():
            # The view goes along with the HTML: a front end takes the best it can show.
            bundle[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        return bundle

    def background(
        self,
        work: Callable[[], None],
        failed: Callable[[str], None],
        *,
        off: Sequence[Any] = (),
        after: Callable[[], None] | None = None,
    ) -> None:
        """Run *work* in a thread, so that the front end stays alive; *failed* gets what went wrong, as HTML.

        Args:
            off: buttons that are off meanwhile, so that two runs cannot meet. When the first is off already, nothing
                is done.
            after: called at the end in any case, once they are on again.
        """
        if off and off[0].disabled:
            return
        for one in off:
            one.disabled = True

        def run() -> None:
            try:
                try:
                    work()
                finally:
                    for one in off:
                        one.disabled = False
                    if after is not None:
                        after()
            except CourseError as error:
                failed(fault(error))
            except Exception as error:
                failed(page(head("This did not work", mark("error")), tag("pre", f"{type(error).__name__}: {error}")))

        self._work = threading.Thread(target=run, daemon=True, name=type(self).__name__)
        self._work.start()


def answer_while_busy(widget: Any) -> None:
    """Let the front end's messages to *widget* be handled while a cell runs.

    JupyterLab sends them to a subshell, but ipykernel hands a message to whichever shell last wrote to the widget, and
    that is the busy one. Forgetting who wrote last leaves the front end's choice. To be called after each write.
    """
    vars(widget.comm).pop("_reply_subshell_id", None)


class Question:
    """Asks before something is done that people would regret: a red Yes, and No.

    Args:
        note: where the question is shown. no: the label of No.
    """

    def __init__(self, note: Any, no: str = "No") -> None:
        self._note = note
        self._act: Callable[[], Any] | None = None
        self.about: Any = None
        self.yes = button("Yes", lambda _: self._confirmed(), danger=True)
        self.no = button(no, lambda _: self.close())
        self.box = controls(self.yes, self.no)
        self.box.layout.display = "none"

    def ask(self, words: str, yes: str, act: Callable[[], Any], *, about: Any = None) -> None:
        """Show the question; *act* is called once, after Yes. *about*: what it is asked about."""
        self._act, self.about = act, about
        self.yes.description = self.yes.tooltip = yes
        self._note.value = page(tag("p", words, role="alert"))
        self.box.layout.display = ""

    def close(self) -> None:
        """Take the question back."""
        self._act = self.about = None
        self._note.value, self.box.layout.display = "", "none"

    def _confirmed(self) -> None:
        act = self._act
        self.close()
        if act is not None:
            act()


def working(what: str) -> str:
    """Return the line that says what is going on."""
    return page(tag("p", mark("working", f"{what}…"), role="status"))


def done_part(verb: str, done: Any) -> str:
    """Return what was done, as it shows itself or by its ``repr``; None has nothing to say."""
    shown = getattr(done, "_repr_html_", None)
    if shown is not None:
        return page(head(verb, mark("done"))) + str(shown())
    return page(head(verb, mark("done")), tag("p", cut(repr(done), 600)) if done is not None else "")


def fault(error: CourseError, state: str = "error") -> str:
    """Return an expected fault: what, why, next."""
    why = tag("pre", error.why) if error.why else ""
    following = tag("pre", error.next) if error.next else ""
    return page(head(f"{error.what}.", mark(state)), why, tag("p", "Next:") if error.next else "", following)


def frame(*children: Any) -> Any:
    """Return the box around a widget, with the style sheets."""
    sheet = ipywidgets.HTML(style("static") + style("widget"), layout={"display": "none"})
    box = ipywidgets.VBox([sheet, *children])
    box.add_class("m208w")
    return box


def controls(*children: Any) -> Any:
    """Return a row of buttons and fields that wraps on a narrow page."""
    row = ipywidgets.HBox(list(children), layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "6px"})
    row.add_class("m208w-controls")
    return row


def button(label: str, on_click: Callable[[Any], None], *, hint: str = "", danger: bool = False) -> Any:
    """Return a button wide enough for its label."""
    made = ipywidgets.Button(description=label, tooltip=hint or label, layout={"width": "auto"})
    if danger:
        made.add_class("m208w-danger")
    made.on_click(on_click)
    return made


def choose(label: str, options: Mapping[str, Any] | list[tuple[str, Any]], on_change: Callable[[Any], None]) -> Any:
    """Return a drop-down list with its label."""
    pairs = list(options.items()) if isinstance(options, Mapping) else options
    made = ipywidgets.Dropdown(
        options=pairs, description=label, style={"description_width": "initial"}, layout={"width": "auto"}
    )
    made.observe(on_change, "value")
    return made


def pick(label: str, on_change: Callable[[Any], None], rows: int = 12) -> Any:
    """Return a list to pick one item from, by mouse or by arrow keys."""
    made = ipywidgets.Select(options=[], rows=rows, description=label, layout={"width": "100%"})
    made.style.description_width = "0"
    # Screen readers read the tooltip; the visible heading stands above the list.
    made.tooltip = label
    made.observe(on_change, "value")
    return made


def side_by_side(left: Any, right: Any) -> Any:
    """Return a list and its details next to each other, one below the other on a narrow page."""
    left.layout.flex, right.layout.flex = "1 1 330px", "1.3 1 370px"
    right.layout.min_width = left.layout.min_width = "0"
    return ipywidgets.HBox([left, right], layout={"flex_flow": "row wrap", "grid_gap": "12px", "width": "100%"})
