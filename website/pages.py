"""The pages of the site, as Sphinx reads them: copies of notebooks, and what is made from ``course.yaml``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat

from helpers.core.paths import ROOT
from helpers.course import outline

#: The first line of a cell that writes a file: its lab and the file's path.
_FILE = re.compile(r"%%workfile(?: --?\S+)* \S+ (\S+)")
#: How Pygments calls the languages of the files that learners write.
_LANGUAGES = {
    ".tf": "terraform", ".hcl": "terraform", ".tfvars": "terraform", ".rego": "rego", ".yaml": "yaml", ".yml": "yaml",
    ".go": "go", ".json": "json", ".md": "markdown", ".py": "python", ".toml": "toml", ".sh": "bash",
}  # fmt: skip
#: One row of a table of the glossary: the term and what it means.
_ROW = re.compile(r"^\| \*\*(?P<term>[^*]+)\*\* \| (?P<meaning>.+?) \|$")
#: In the field's words, what a learner finds behind each part.
_LAB_NOTE = (
    "You do a lab in JupyterLab: `make lab` opens it with its checks and hints. "
    "Here are the tasks to read, without outputs."
)


def write(source: Path) -> None:
    """Fill the empty directory *source* with everything that becomes a page."""
    course = outline.load()
    _copy(ROOT / "notebooks", source / "notebooks")
    drawings(source / "notebooks/drawings")
    (source / "notebooks/glossary.ipynb").unlink()
    (source / "notebooks/glossary.md").write_text(glossary(ROOT / "notebooks/glossary.ipynb"), encoding="utf-8")
    for number, lab in enumerate(course["labs"], 1):
        folder = lab["assignment"]
        _copy(ROOT / "release" / folder, source / "labs" / folder)
        title = f"Lab {number}. {lab['title']}"
        _index(source / "labs" / folder, title, f"{lab['hours']} hours, {lab['points']} points. {_LAB_NOTE}")
    for number, unit in enumerate(course["units"], 1):
        folder = source / unit["folder"]
        title = f"Unit {number}. {unit['title']}"
        _index(folder, title, f"{unit['hours']} hours. Each lecture also as slides: {_slides(folder)}.")
    (source / "docs").mkdir()
    for name in ("lab1-pulumi.md", "contracts.md", "threat-model.md", "grading.md"):
        shutil.copy(ROOT / "docs" / name, source / "docs" / name)
    (source / "index.md").write_text(home(course), encoding="utf-8")


def lectures(source: Path) -> list[Path]:
    """Return the notebooks of all lectures below *source*, in their order."""
    return sorted(path for unit in outline.load()["units"] for path in (source / unit["folder"]).glob("*.ipynb"))


def _copy(folder: Path, target: Path) -> None:
    for path in sorted(folder.rglob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        # How to hand in concerns who works in JupyterLab.
        notebook.cells = [_shown(cell) for cell in notebook.cells if cell.id != "course-header"]
        made = target / path.relative_to(folder)
        made.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, made)


def drawings(target: Path) -> None:
    """Copy the drawings at the heads of the notebooks to *target*."""
    folder = ROOT / "notebooks/drawings"
    for path in folder.rglob("*.svg"):
        made = target / path.relative_to(folder)
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, made)


def _shown(cell: Any) -> Any:
    """Return a cell as a page shows it: a cell that writes a file is that file, in its own language."""
    if cell.cell_type == "markdown":
        cell.source = cell.source.replace("glossary.ipynb", "glossary.md")
        return cell
    head, _, body = cell.source.partition("\n")
    found = _FILE.match(head)
    if not found:
        for output in cell.outputs:
            if text := output.get("data", {}).get("text/html"):
                output["data"]["text/html"] = re.sub(r'href="([^":#]+)\.ipynb', _page_of, text)
        return cell
    language = _LANGUAGES.get(Path(found[1]).suffix, "text")
    fence = "`" * max(4, 1 + max(map(len, re.findall("`+", body)), default=0))
    text = f"{fence}{{code-block}} {language}\n:caption: {found[1]}\n:force:\n\n{body}\n{fence}"
    return nbformat.v4.new_markdown_cell(text)


def _page_of(link: re.Match[str]) -> str:
    return f'href="{link[1].replace("../release/", "../labs/")}.html'


def _index(folder: Path, title: str, text: str) -> None:
    entries = sorted(path.stem for path in folder.glob("*.ipynb"))
    (folder / "index.md").write_text(f"# {title}\n\n{text}\n\n{_tree(entries)}\n", encoding="utf-8")


def _slides(folder: Path) -> str:
    names = sorted(path.stem for path in folder.glob("*.ipynb"))
    # Made after Sphinx, so a plain link that Sphinx does not follow.
    return ", ".join(f'<a href="../../slides/{folder.name}-{name}.html">{name[:2]}</a>' for name in names)


def _tree(entries: list[str], *, hidden: bool = False) -> str:
    options = [":maxdepth: 1", *([":hidden:"] if hidden else [])]
    return "\n".join(["```{toctree}", *options, "", *entries, "```"])


def home(course: dict[str, Any]) -> str:
    """Return the first page: the parts of the course in the order in which they are best done."""
    module, parts = course["module"], {part["id"]: part for part in [*course["units"], *course["labs"]]}
    hours = module["hours"]
    lines = [
        f"# {module['title']}",
        "",
        f"{module['id']}: {hours['total']} hours for a {module['level']}. The lectures are shown as they ran: each "
        "output is what the tools said, and every test run of the course compares it with a new one, but for measured "
        "times and figures. "
        "To do them yourself, open the course in JupyterLab: `make lab`.",
        "",
        "| Place | Part | Hours | Points |",
        "|---|---|---|---|",
    ]
    pages = []
    for place, name in enumerate(course["path"], 1):
        part = parts[name]
        page = f"{part['folder']}/index" if "folder" in part else f"labs/{part['assignment']}/index"
        lines.append(f"| {place} | [{part['title']}]({page}.md) | {part['hours']} | {part.get('points', '')} |")
        pages.append(page)
    lines += ["", "What each word means is in the [glossary](notebooks/glossary.md).", ""]
    lines.append(_tree(["notebooks/00-welcome", *pages, "notebooks/glossary", "docs/index"], hidden=True))
    return "\n".join(lines) + "\n"


def docs_index(folder: Path) -> None:
    """Write the list of the documents in *folder*."""
    entries = sorted(path.stem for path in folder.glob("*.md") if path.stem != "index")
    (folder / "index.md").write_text(f"# Documents\n\n{_tree(entries)}\n", encoding="utf-8")


def terms(notebook: Path) -> dict[str, str]:
    """Return term -> meaning (Markdown) of the glossary."""
    text = _text(notebook)
    return {found["term"]: found["meaning"] for found in map(_ROW.match, text.splitlines()) if found}


def glossary(notebook: Path) -> str:
    """Return the glossary with its tables as definitions, which other pages can link to.

    Raises:
        ValueError: a row is not a term and its meaning.
    """
    lines: list[str] = []
    inside = False
    for line in _text(notebook).splitlines():
        row = _ROW.match(line)
        if row:
            lines += [] if inside else ["```{glossary}"]
            lines += [row["term"], f"  {row['meaning']}", ""]
            inside = True
        elif line.startswith("|"):
            if line not in ("| Term | Meaning |", "|---|---|"):
                raise ValueError(f"not a row of the glossary: {line}")
        else:
            lines += ["```", line] if inside else [line]
            inside = False
    return "\n".join([*lines, *(["```"] if inside else [])]) + "\n"


def _text(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells)
