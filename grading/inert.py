"""What a learner handed in, as HTML that does nothing: for the formgrader, feedback and every export to HTML.

Who may lie: the learner, in every byte of the notebook (outputs, Markdown, metadata, attachments). The page is shown in
the instructor's own origin, where a script could grade, read other submissions and run code in a kernel.

`nbgrader_config.py` puts the two parts into nbconvert: `Inert` before the page is made, `markdown2html` in the place of
nbconvert's filter of that name. Tables, figures and the course's displays stay; what is interactive shows its static
twin.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

from helpers.core.html.style import style

_SVG = "svg g path rect circle text tspan line polyline polygon title desc"
_HTML = (
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6"
    " hr i img ins kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td tfoot"
    " th thead tr u ul var"
)
_TAGS = {*_HTML.split(), *_SVG.split()}
#: Attributes that neither load anything nor name anything that a script of the page looks up.
_ATTRIBUTES = (
    "alt title lang dir colspan rowspan scope start open width height role tabindex viewBox d x y x1 y1 x2 y2 rx ry cx"
    " cy r points transform fill stroke stroke-width stroke-dasharray stroke-linecap font-size font-weight font-family"
    " text-anchor dominant-baseline opacity"
)
_PLAIN = {*_ATTRIBUTES.split()}
#: Classes of the course's displays, of pandas, and of highlighted code. The formgrader's scripts obey others.
_CLASS = re.compile(r"m208|m-[a-z0-9-]+|dataframe|highlight|hl-[a-z0-9]+|[a-z][a-z0-9]{0,2}")
_PROPERTIES = (
    "background background-color border-collapse color display font-size font-style font-weight height list-style"
    " margin max-width min-width opacity overflow-x padding padding-left text-align vertical-align white-space width"
)
#: What a style could fetch, hide behind an escape, or lay over the grader's buttons.
_STYLE_REFUSED = re.compile(r"[\\@]|/\*|url|image|fixed|absolute|sticky|expression|-\s*[0-9.]", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|mailto:|#)[^\s\\]*", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_RASTER = ("image/png", "image/jpeg")


def sanitize(given: str) -> str:
    """Return HTML in which nothing runs, is fetched, or reaches out of its place."""
    clean: str = bleach.clean(
        _without(given, "style", "script"),
        tags=_TAGS,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=_PROPERTIES.split(), allowed_svg_properties=[]),
        strip=True,
    )
    return clean


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and _LINK.fullmatch(value) is not None
    if name == "src":
        return tag == "img" and _PICTURE.fullmatch(value) is not None
    if name == "class":
        return all(_CLASS.fullmatch(one) for one in value.split())
    if name == "style":
        return not _STYLE_REFUSED.search(value)
    if name in ("fill", "stroke"):
        return "(" not in value or value.startswith("var(--m-")
    return name in _PLAIN or (name.startswith("aria-") and not name.endswith(("labelledby", "describedby", "controls")))


def _without(given: str, *tags: str) -> str:
    """Return a text without these elements and their content, which `sanitize` would else show as text."""
    low = given.lower()
    for tag in tags:
        kept, at = [], 0
        while (start := low.find(f"<{tag}", at)) >= 0:
            end = low.find(f"</{tag}", start)
            kept.append(given[at:start])
            at = low.find(">", end) + 1 if end >= 0 else 0
            if not at:
                at = len(given)
        given = "".join([*kept, given[at:]])
        low = given.lower()
    return given


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """Return Markdown as HTML that does nothing; in the place of nbconvert's filter of that name."""
    attachments = (context.get("cell") or {}).get("attachments", {})
    renderer: Any = IPythonRenderer(escape=False, attachments=attachments, embed_images=False)
    try:
        return sanitize(MarkdownWithMath(renderer=renderer).render(source))
    except InvalidNotebook:
        # A picture that is not attached, or of a kind that is not shown, must not keep a submission from being read.
        return sanitize(f"<pre>{html.escape(source)}</pre>")


class Inert(Preprocessor):
    """Leaves of a notebook what can be shown, and nothing that could act.

    What is kept is named, the rest goes: outputs as text, sanitised HTML and pictures whose bytes are base64; of the
    metadata only what nbgrader's page reads, in the types that it has.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Change the notebook in place; nbconvert calls it."""
        nb.metadata = type(nb.metadata)(language_info={"name": "python", "pygments_lexer": "ipython3"})
        for number, cell in enumerate(nb.cells):
            _cell(cell, number)
        return nb, resources


def _cell(cell: Any, number: int) -> None:
    cell.metadata = type(cell.metadata)(_metadata(cell.metadata))
    cell.id = f"cell-{number}"
    cell.source = _text(cell.get("source"))
    if cell.cell_type == "code":
        cell.execution_count = _count(cell.get("execution_count"))
        cell.outputs = [output for one in cell.get("outputs") or () if (output := _output(one)) is not None]
    elif cell.cell_type == "markdown":
        cell.attachments = _attachments(cell.get("attachments"))
    else:
        # A raw cell would be put into the page as it is.
        cell.cell_type, cell.source = "markdown", f"<pre>{html.escape(cell.source)}</pre>"
    for key in set(cell) - {"cell_type", "metadata", "id", "source", "execution_count", "outputs", "attachments"}:
        del cell[key]


def _metadata(given: Any) -> dict[str, Any]:
    own = given.get("nbgrader") if isinstance(given, dict) else None
    if not isinstance(own, dict) or not _NAME.fullmatch(str(own.get("grade_id", ""))):
        return {}
    kept: dict[str, Any] = {key: bool(own.get(key)) for key in ("grade", "solution", "locked", "task")}
    kept |= {key: _number(own.get(key)) for key in ("points", "score")}
    kept |= {"grade_id": own["grade_id"], "comment": _text(own.get("comment")) or None}
    return {"nbgrader": kept}


def _output(given: Any) -> Any:
    kind = given.get("output_type")
    if kind == "stream":
        given.name, given.text = ("stderr" if given.get("name") == "stderr" else "stdout"), _text(given.get("text"))
        return given
    if kind == "error":
        given.ename, given.evalue = _text(given.get("ename")), _text(given.get("evalue"))
        lines = given.get("traceback")
        given.traceback = [_text(line) for line in lines] if isinstance(lines, list) else []
        return given
    if kind not in ("display_data", "execute_result") or not isinstance(given.get("data"), dict):
        return None
    given.metadata = type(given)()
    if kind == "execute_result":
        given.execution_count = _count(given.get("execution_count"))
    given.data = type(given)(_data(given.data))
    return given if given.data else None


def _data(given: Any) -> dict[str, str]:
    """Return what an output may show; what scripts, widgets and MIME types of others are is left out."""
    kept: dict[str, str] = {}
    for kind in _RASTER:
        if data := _base64(given.get(kind)):
            kept[kind] = data
    if shown := _text(given.get("text/html")):
        safe = sanitize(shown)
        # Style sheets are taken out; the displays of the course get their own again.
        kept["text/html"] = (style() if 'class="m208' in safe else "") + safe
    elif shown := _text(given.get("text/markdown")):
        kept["text/markdown"] = shown
    elif (drawing := _text(given.get("image/svg+xml"))) and not kept:
        # As a picture it cannot run anything, nor fetch.
        picture = base64.b64encode(drawing.encode()).decode()
        kept["text/html"] = f'<img alt="" src="data:image/svg+xml;base64,{picture}">'
    if plain := _text(given.get("text/plain")):
        kept["text/plain"] = plain
    return kept


def _attachments(given: Any) -> dict[str, dict[str, str]]:
    found = {}
    for name, kinds in given.items() if isinstance(given, dict) else ():
        if pictures := {k: data for k in _RASTER if isinstance(kinds, dict) and (data := _base64(kinds.get(k)))}:
            found[str(name)] = pictures
    return found


def _base64(given: Any) -> str:
    """Return base64 as such and nothing else: the page puts it between quotes."""
    try:
        return base64.b64encode(base64.b64decode("".join(_text(given).split()), validate=True)).decode()
    except (ValueError, binascii.Error):
        return ""


def _text(given: Any) -> str:
    return "".join(map(str, given)) if isinstance(given, list) else given if isinstance(given, str) else ""


def _count(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _number(given: Any) -> float:
    return float(given) if isinstance(given, int | float) else 0.0
