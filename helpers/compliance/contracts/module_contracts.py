"""The module contract: what it says of the package is true, and each input gets a value that the module can take."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.compliance.contracts import values
from helpers.compliance.contracts.custom_resource import CustomResource, Field
from helpers.compliance.contracts.types import Fault, unknown
from helpers.compliance.module_rules import archive, interface
from helpers.core import yaml_reader
from helpers.core.errors import CourseError

#: Keyword of a Terraform type -> the JSON types of its values; ``any`` takes all.
TYPES: Mapping[str, tuple[str, ...]] = {
    "string": ("string",),
    "number": ("integer", "number"),
    "bool": ("boolean",),
    **dict.fromkeys(("list", "set", "tuple"), ("array",)),
    **dict.fromkeys(("map", "object"), ("object",)),
}
_JSON = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


@dataclass(frozen=True)
class Judge:
    """Judges a contract that keeps its schema.

    Attributes:
        where: the file. contract: its content. package: bytes of the module's package, None when there are none.
        resource: the given custom resource.
    """

    where: str
    contract: Mapping[str, Any]
    package: bytes | None
    resource: CustomResource

    def faults(self) -> Iterator[Fault]:
        """Yield everything that is wrong."""
        if self.package is not None:
            yield from self._package(self.package)
        crd = self.contract["crd"]
        known = {"group": [self.resource.group], "kind": [self.resource.kind], "version": list(self.resource.versions)}
        strange = [f"{name} {crd[name]}" for name, values in known.items() if crd[name] not in values]
        if strange:
            right = ", ".join(f"{name} {' or '.join(values)}" for name, values in known.items())
            yield Fault(
                "no-such-resource",
                f"{self.where}: crd",
                f"There is no {', '.join(strange)}",
                f"The given definition has {right}.",
            )
            return
        fields = self.resource.fields(crd["version"])
        yield from self._inputs(fields)
        yield from self._status(fields)

    def _package(self, package: bytes) -> Iterator[Fault]:
        digest = hashlib.sha256(package).hexdigest()
        if digest != self.contract["digest"]:
            why = f"The package has {digest[:12]}, the contract says {self.contract['digest'][:12]}."
            yield Fault("digest", f"{self.where}: digest", "It is about another package", why, _AGAIN)
            return
        try:
            files = archive.unpack(package)
            shape, complaints = interface.read(files)
        except archive.BadArchive as error:
            yield Fault("not-a-package", self.where, "The package cannot be opened", error.problem.what)
            return
        except CourseError as error:
            yield unknown(self.where, error.what, error.why, error.next)
            return
        said = json.loads(json.dumps(interface.to_json(shape)))
        if complaints or said != self.contract["interface"]:
            parts = [name for name in said if said[name] != self.contract["interface"][name]]
            why = "; ".join(words for _, words in complaints)[:300] or f"They differ in: {', '.join(parts)}."
            yield Fault("interface", f"{self.where}: interface", "It is not the interface of the package", why, _AGAIN)
        yield from self._named(files.get("module.yaml"))

    def _named(self, manifest: bytes | None) -> Iterator[Fault]:
        try:
            said = yaml_reader.load(manifest or b"")
        except yaml_reader.InvalidYaml:
            said = None
        if not isinstance(said, dict):
            return  # Without a manifest no registry takes it, which is not the contract's to say.
        name = "/".join(str(said.get(part, "")) for part in ("namespace", "name", "provider"))
        version = str(said.get("version", self.contract["version"]))
        if (name, version) != (self.contract["module"], self.contract["version"]):
            why = f"Its module.yaml says {name} {version}."
            yield Fault("other-module", f"{self.where}: module", "The package is of another module", why, _AGAIN)

    def _inputs(self, fields: Mapping[str, Field]) -> Iterator[Fault]:
        declared = {one["name"]: one for one in self.contract["interface"]["inputs"]}
        for name, mapping in self.contract["inputs"].items():
            at = f"{self.where}: inputs.{name}"
            if name not in declared:
                yield Fault("no-such-input", at, f"The module has no input {name}", _near(name, declared))
                continue
            yield from self._mapped(at, declared[name], mapping, fields)
        for name, one in declared.items():
            if one["required"] and name not in self.contract["inputs"]:
                yield Fault(
                    "unmapped", f"{self.where}: inputs", f"The required input {name} gets no value", next=f"Map {name}."
                )

    def _mapped(
        self, at: str, declared: Mapping[str, Any], mapping: Mapping[str, Any], fields: Mapping[str, Field]
    ) -> Iterator[Fault]:
        hidden = declared["sensitive"] or declared["ephemeral"]
        if hidden != ("secret" in mapping):
            what = "A secret would stand in the resource" if hidden else "It is not a secret, and is read from one"
            yield Fault("secret", at, what, f"In the module {declared['name']} is {'' if hidden else 'not '}sensitive.")
            return
        wanted = TYPES.get((re.match(r"\w+", declared["type"]) or [""])[0], ())
        if "value" in mapping:
            kind = _JSON[type(mapping["value"])]
            if wanted and kind not in wanted:
                yield Fault("type", at, f"Its value is of type {kind}", f"The module takes {declared['type']}.")
            return
        path = mapping.get("field") or mapping["secret"]
        field = fields.get(path)
        if field is None or path.startswith("status."):
            yield Fault("no-such-field", at, f"The resource has no field {path}", _near(path, fields))
            return
        if "secret" in mapping:
            if field.type != "string":
                yield Fault("type", at, f"{path} names no Secret: it is of type {field.type}")
        else:
            yield from _accepted(at, mapping["accepts"], field, wanted, declared["type"])
        if declared["required"] and not field.always:
            why = f"A resource without {path} is admitted, and the module needs {declared['name']}."
            yield Fault(
                "may-be-absent", at, f"{path} may be absent", why, "Map a required field, or one with a default."
            )

    def _status(self, fields: Mapping[str, Field]) -> Iterator[Fault]:
        outputs = {one["name"]: one for one in self.contract["interface"]["outputs"]}
        for name, path in self.contract["status"].items():
            at = f"{self.where}: status.{name}"
            if name not in outputs:
                yield Fault("no-such-output", at, f"The module has no output {name}", _near(name, outputs))
            elif outputs[name]["sensitive"] or outputs[name]["ephemeral"]:
                yield Fault("secret", at, "A secret would stand in the status, for all to read")
            if path not in fields:
                yield Fault("no-such-field", at, f"The resource has no field {path}", _near(path, fields))


_AGAIN = "Make the contract again from the package that you publish."


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(names)[:300]}."


def _accepted(
    at: str, accepts: Mapping[str, Any], field: Field, wanted: tuple[str, ...], terraform: str
) -> Iterator[Fault]:
    """Yield what is wrong with what a mapping accepts, held to the field and to the module's type."""
    kind = accepts["type"]
    same = kind == field.type or (kind == "number" and field.type == "integer")
    if not same or (wanted and kind not in wanted):
        why = f"The field {field.path} is of type {field.type}, the module takes {terraform or 'any'}."
        yield Fault("type", at, f"It accepts values of type {kind}", why)
        return
    try:
        re.compile(accepts.get("pattern", ""))
    except (re.error, OverflowError, RecursionError) as error:
        yield Fault("pattern", at, "Its pattern is not a regular expression", str(error))
        return
    yield from _nothing(at, accepts, field)


def _nothing(at: str, accepts: Mapping[str, Any], field: Field) -> Iterator[Fault]:
    """Yield a fault when no value is both one that the field can have and one that is accepted."""
    try:
        example = values.common(accepts, field.schema)
    except values.NotFound:
        what = "No value was found that the field can have and it accepts"
        yield unknown(at, what, f"{field.path}: {dict(accepts)}"[:300], "Accept an enum, or a simpler pattern.")
        return
    if example is None:
        offered = field.schema.get("enum") or "values of its own range"
        why = f"{field.path} offers {offered}; accepted is {dict(accepts)}."[:300]
        yield Fault("accepts-nothing", at, "It accepts no value that the field can have", why)
