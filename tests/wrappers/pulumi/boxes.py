"""A project for the tests: dynamic resources that are files, so that nothing but the engine is needed."""

from __future__ import annotations

from pathlib import Path

PROJECT = "name: boxes\ndescription: files as resources\nruntime: python\n"

#: The dynamic provider, beside the program: the engine's plugin process imports it from the project's directory.
PROVIDER = '''
"""A box is a file with a text in it."""

import os
import time
from pathlib import Path

import pulumi
from pulumi import dynamic


class BoxProvider(dynamic.ResourceProvider):
    def create(self, props):
        path = Path(props["path"])
        if props.get("slow"):
            path.with_suffix(".begun").touch()
            time.sleep(60)
        if props["text"] == "refused":
            raise ValueError("the shop has no such box")
        path.write_text(props["text"])
        return dynamic.CreateResult(path.name, dict(props))

    def diff(self, id_, olds, news):
        changed = [key for key in ("path", "text") if olds.get(key) != news.get(key)]
        replaces = [key for key in changed if key == "path"]
        return dynamic.DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=True)

    def read(self, id_, props):
        path = Path(props["path"])
        if os.environ.get("BOXES_CLOSED"):
            raise ValueError("the shop is closed")
        if not path.exists():
            return dynamic.ReadResult("", {})
        return dynamic.ReadResult(id_, {**props, "text": path.read_text()})

    def update(self, id_, olds, news):
        Path(news["path"]).write_text(news["text"])
        return dynamic.UpdateResult(dict(news))

    def delete(self, id_, props):
        Path(props["path"]).unlink(missing_ok=True)


class Box(dynamic.Resource, module="boxes", name="Box"):
    text: pulumi.Output[str]

    def __init__(self, name, path, text, opts=None, slow=False):
        super().__init__(BoxProvider(), name, {"path": path, "text": text, "slow": slow}, opts)


class Shelf(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("acme:boxes:Shelf", name, {}, opts)
'''

PROGRAM = '''
"""Two boxes on a shelf; the second depends on the first."""

import os

import pulumi
from boxes import Box, Shelf

config = pulumi.Config()
if config.get_bool("broken"):
    raise ValueError("the shelf is broken")

shelf = Shelf("shelf")
where = config.require("where")
on_shelf = pulumi.ResourceOptions(
    parent=shelf,
    protect=config.get_bool("protect"),
    retain_on_delete=config.get_bool("retain"),
)
first = Box("first", f"{where}/{config.get('first') or 'first'}.txt", config.get("text") or "hello", on_shelf)
second = Box(
    "second",
    f"{where}/second.txt",
    first.text.apply(lambda text: f"{text} too"),
    pulumi.ResourceOptions(parent=shelf),
    slow=config.get_bool("slow") or False,
)
if config.get_bool("token"):
    Box("token", f"{where}/token.txt", config.require_secret("secret"), pulumi.ResourceOptions(parent=shelf))
    pulumi.export("token", config.require_secret("secret"))
pulumi.export("text", second.text)
'''


def write(folder: Path) -> Path:
    """Write the project into a directory, which is made, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "boxes.py").write_text(PROVIDER)
    (folder / "__main__.py").write_text(PROGRAM)
    return folder
