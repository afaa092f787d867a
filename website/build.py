"""Build the site with Sphinx: a warning, such as a link that leads nowhere, is a fault."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from helpers.core import terminal
from website import pages, slides

HERE = Path(__file__).parent


class Faults(Exception):
    """The site has faults: what Sphinx said of them, a line each."""


def build(target: Path) -> Path:
    """Build the site into *target*, which is replaced; return its first page.

    Raises:
        Faults: a page has a fault. *target* is as it was.
    """
    with tempfile.TemporaryDirectory(prefix="mod208-site-") as made:
        source, out = Path(made, "source"), Path(made, "out")
        source.mkdir()
        pages.write(source)
        pages.docs_index(source / "docs")
        said = io.StringIO()
        # As sphinx-build does: or a second build in one process finds what the first has registered.
        with patch_docutils(HERE), docutils_namespace():
            app = Sphinx(source, HERE, out, Path(made, "trees"), "html", status=None, warning=said, freshenv=True)
            app.build(force_all=True)
        if faults := _told(said.getvalue(), source):
            raise Faults("\n".join(faults))
        slides.write(source, out)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(out, target)
    return target / "index.html"


def _told(said: str, source: Path) -> list[str]:
    plain = terminal.plain(said).replace(f"{source}/", "")
    return [line for line in plain.splitlines() if line.strip()]
