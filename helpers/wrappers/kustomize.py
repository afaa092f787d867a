"""Kustomize from Python: renders a base and its overlays, and sets images.

Source: Kustomize's command reference and the Kustomization file (kustomize.config.k8s.io/v1beta1). Kustomize has no
JSON; its output is the manifests themselves, and its faults are read from its words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.core import process, yaml_reader
from helpers.core.display import Displayed
from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath, ToolFailed, Wrapper, paths

__all__ = [
    "BadKustomization",
    "BadPatch",
    "DuplicateId",
    "Image",
    "Kustomize",
    "KustomizeError",
    "MissingResource",
    "OutsideRoot",
    "RemoteRefused",
    "Rendered",
]

#: Names under which Kustomize looks for its file.
KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class KustomizeError(ToolFailed):
    """Kustomize rendered nothing; ``file`` is the file at fault, as far as it is known."""

    code = "kustomize-failed"
    file: str = ""


class MissingResource(KustomizeError):
    """A kustomization names a file or directory that is not there."""

    code = "kustomize-missing-resource"


class BadKustomization(KustomizeError):
    """A kustomization or a resource is not valid YAML, or has a field that Kustomize does not know."""

    code = "kustomize-bad-file"


class BadPatch(KustomizeError):
    """A patch cannot be read, or what it should change is not there."""

    code = "kustomize-bad-patch"


class DuplicateId(KustomizeError):
    """Two files define the same object (kind, name, namespace)."""

    code = "kustomize-duplicate-id"


class OutsideRoot(KustomizeError):
    """A kustomization loads a file from outside its own directory."""

    code = "kustomize-outside-root"


class RemoteRefused(KustomizeError):
    """A kustomization asks for something from the network."""

    code = "kustomize-remote"


@dataclass(frozen=True)
class Image:
    """One container image in a manifest.

    Attributes:
        reference: as written, for example ``registry.acme.test/vision/inference@sha256:...``.
        container: name of the container. kind, name, namespace: the object it is in.
    """

    reference: str
    container: str
    kind: str
    name: str
    namespace: str = ""

    @property
    def digest(self) -> str:
        """``sha256:...``, or empty when the image is not pinned."""
        found = re.search(r"@(sha256:[0-9a-f]{64})$", self.reference)
        return found[1] if found else ""

    @property
    def repository(self) -> str:
        """The reference without tag and digest."""
        return re.sub(r":[^:/]*$", "", self.reference.split("@", 1)[0])

    def __repr__(self) -> str:
        return f"Image({self.reference}, {self.kind}/{self.name}, container={self.container!r})"


@dataclass(frozen=True)
class Rendered(Displayed):
    """What an overlay renders to.

    Attributes:
        path: the directory that was rendered, as it was given.
        manifests: the objects, in Kustomize's order.
        text: the same as YAML.
    """

    path: str
    manifests: tuple[dict[str, Any], ...] = field(repr=False)
    text: str = field(default="", repr=False)

    @property
    def images(self) -> tuple[Image, ...]:
        """Every container image, those of init and ephemeral containers too."""
        return tuple(image for manifest in self.manifests for image in _images(manifest))

    def find(self, kind: str, name: str | None = None) -> tuple[dict[str, Any], ...]:
        """Return the objects of a kind, or the one of that name."""
        found = (m for m in self.manifests if m.get("kind") == kind)
        return tuple(m for m in found if name is None or m.get("metadata", {}).get("name") == name)

    def __repr__(self) -> str:
        return f"Rendered({self.path}: {len(self.manifests)} objects, {len(self.images)} images)"


class Kustomize(Wrapper):
    """Kustomize in one working directory.

    Files are loaded only from a kustomization's own directory, nothing comes from the network, and no plugin, function
    or Helm chart runs: what is rendered depends on the directory alone.

    Raises (every method):
        KustomizeError: its subclass says what is wrong, ``file`` where.
    """

    tool = "kustomize"
    refused = ("KUSTOMIZE_*", "GIT_*", "*_PROXY", "*_proxy")

    def _fixed_env(self) -> dict[str, str]:
        # Kustomize has no option against remote bases: git may speak no protocol, and HTTP goes to a closed door.
        door = "http://127.0.0.1:9"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), door)
        return {**proxies, "NO_PROXY": "", "no_proxy": "", "GIT_ALLOW_PROTOCOL": "none"}

    @property
    def version(self) -> str:
        """The version, such as ``5.8.1``."""
        done = self._run(["version"])
        found = re.search(r"v?(\d+\.\d+\.\d+)", done.stdout)
        if done.returncode != 0 or found is None:
            raise self._failed("version", done)
        return found[1]

    def build(self, path: StrPath = ".") -> Rendered:
        """Render a directory that has a kustomization (``kustomize build``).

        Raises:
            MissingResource, BadKustomization, BadPatch, DuplicateId, OutsideRoot, RemoteRefused: see there.
        """
        (given,) = paths([path])
        folder = self.workdir / given
        if not folder.is_dir():
            raise self._error(
                MissingResource, f"There is no directory {given}", given, "Kustomize renders directories."
            )
        # An absolute path cannot be taken for an option, nor for the address of a repository.
        done = self._run(["build", str(folder)])
        if done.returncode != 0:
            raise self._fault(done, given)
        try:
            manifests = tuple(item for item in yaml_reader.load_all(done.stdout) if item)
        except yaml_reader.InvalidYaml as error:
            raise self._error(BadKustomization, f"{given} renders to no YAML", given, str(error), done) from None
        return Rendered(given, manifests, done.stdout)

    def set_image(
        self,
        path: StrPath,
        name: str,
        *,
        new_name: str | None = None,
        digest: str | None = None,
        tag: str | None = None,
    ) -> Path:
        """Set what an image name stands for in a directory (``kustomize edit set image``); return the changed file.

        Args:
            name: the name used in the base. new_name: repository to use instead of it.
            digest: ``sha256:...``. tag: a tag; one of the two, as a digest already says it all.

        Raises:
            BadInput: neither or both of *digest* and *tag*, or one is malformed.
        """
        (given,) = paths([path])
        if (digest is None) == (tag is None):
            raise BadInput("Name a digest or a tag", why="Both or neither were given.", next='digest="sha256:..."')
        if digest is not None and not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise BadInput(
                f"{digest!r} is not a digest", why="Expected sha256: and 64 hex digits.", next="crane.digest()"
            )
        if tag is not None and not re.fullmatch(r"\w[\w.-]{0,127}", tag):
            raise BadInput(f"{tag!r} is not a tag", why="A tag is letters, digits, dots, dashes.", next="Correct it.")
        for part in (name, new_name or "x"):
            if not re.fullmatch(r"[\w.:/-]+", part) or part.startswith("-"):
                raise BadInput(f"{part!r} is not an image name", why="Expected HOST/REPOSITORY.", next="Correct it.")
        file = self.kustomization(given)
        value = f"{new_name or name}{'@' + digest if digest else ':' + str(tag)}"
        done = self._run(["edit", "set", "image", f"{name}={value}"], cwd=file.parent)
        if done.returncode != 0:
            raise self._fault(done, given)
        return file

    def kustomization(self, path: StrPath = ".") -> Path:
        """Return the kustomization file of a directory.

        Raises:
            MissingResource: there is none.
        """
        folder = self.workdir / path
        for name in KUSTOMIZATION_FILES:
            if (folder / name).is_file():
                return folder / name
        raise self._error(
            MissingResource,
            f"{os.fspath(path)} has no kustomization",
            f"{os.fspath(path)}/kustomization.yaml",
            "Kustomize looks for kustomization.yaml.",
        )

    def _error(
        self, kind: type[KustomizeError], what: str, file: str, why: str, done: process.Completed | None = None
    ) -> KustomizeError:
        error = kind(what, why=why, next=_NEXT[kind], completed=done)
        error.file = file
        return error

    def _fault(self, done: process.Completed, given: str) -> KustomizeError:
        """Return the typed error for what Kustomize said; paths are shown from the working directory on."""
        said = done.stderr.strip().removeprefix("Error: ").replace(f"{self.workdir.resolve()}/", "")
        said = said.replace(f"{self.workdir}/", "")
        for pattern, kind, what in _FAULTS:
            if found := re.search(pattern, said, re.DOTALL):
                part = next((g for g in found.groups() if g), "")
                return self._error(
                    kind, what.format(part, given), _file(kind, part, given, self.workdir), said[-1500:], done
                )
        return self._error(KustomizeError, f"Kustomize cannot render {given}", given, said[-1500:], done)


_NEXT: Mapping[type[KustomizeError], str] = {
    KustomizeError: "Read Kustomize's words above.",
    MissingResource: "Create it, or correct the name in kustomization.yaml.",
    BadKustomization: "Correct the line above; the fields are those of kustomize.config.k8s.io.",
    BadPatch: "Compare kind, name and path of the patch with what the base renders to.",
    DuplicateId: "Remove one of the two, or patch the object instead of defining it again.",
    OutsideRoot: "Move the file below the kustomization, or refer to a directory with a kustomization of its own.",
    RemoteRefused: "Copy it into the repository, where it is reviewed and cannot change behind your back.",
}

#: First match wins. The first group that matched is the file, or the object, at fault.
_FAULTS: tuple[tuple[str, type[KustomizeError], str], ...] = (
    (r"file '([^']+)' is not in or below", OutsideRoot, "{1} loads {0}, which is outside its directory"),
    (r"security; file '([^']+)'", OutsideRoot, "{1} loads {0}, which is outside its directory"),
    (
        r"resources from '(https?://[^']+)'|resources from '([^']+)'[^\n]*failed to run '[^']*git |git fetch[^\n]* (\S+://\S+)",
        RemoteRefused,
        "{1} asks for {0} from the network",
    ),
    (r"already registered id: ([^:']+)", DuplicateId, "{1} defines {0} twice"),
    (
        r"(?:no matches for Id|failed to find unique target for patch) ([^;\n\"]+)",
        BadPatch,
        "A patch in {1} is for {0}, which is not there",
    ),
    (
        r"(?:replace|remove|test|copy|move|add) operation does not apply: ([^\n]*)",
        BadPatch,
        "A patch in {1} does not fit: {0}",
    ),
    (r"(PatchTransformer|unable to parse SM or JSON patch)", BadPatch, "A patch in {1} cannot be read"),
    (r"MalformedYAMLError: .* in File: (\S+)", BadKustomization, "{0} is not valid YAML"),
    (r"invalid Kustomization: (.*)", BadKustomization, "The kustomization of {1} is not valid: {0}"),
    (
        r"missing metadata\.name|missing kind|Object 'Kind' is missing",
        BadKustomization,
        "{1} has a resource without kind or name",
    ),
    (
        r"unable to find one of 'kustomization.yaml'.* in directory '([^']+)'",
        MissingResource,
        "{0} has no kustomization.yaml",
    ),
    (
        r"evalsymlink failure on '([^']+)'|lstat ([^:]+): no such file|open ([^:]+): no such file"
        r"|'([^']+)' doesn't exist",
        MissingResource,
        "{1} names {0}, which is not there",
    ),
)


def _file(kind: type[KustomizeError], part: str, given: str, workdir: Path) -> str:
    """Return the file at fault: what Kustomize named, or the kustomization when it named an object or an address."""
    if kind in (MissingResource, OutsideRoot):
        return part
    if kind is BadKustomization and re.fullmatch(r"\S+\.(ya?ml|json)", part):
        return part if (workdir / part).exists() else f"{given.rstrip('/')}/{part}"
    return f"{given.rstrip('/')}/kustomization.yaml"


_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def _images(manifest: Mapping[str, Any]) -> Iterator[Image]:
    meta = manifest.get("metadata") or {}
    owner = (str(manifest.get("kind", "")), str(meta.get("name", "")), str(meta.get("namespace", "")))
    for container in _containers(manifest):
        if isinstance(reference := container.get("image"), str):
            yield Image(reference, str(container.get("name", "")), *owner)


def _containers(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the containers anywhere below, so that a kind unknown to us (a Rollout, a CronJob) is not a way around."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _CONTAINERS and isinstance(inner, Sequence) and not isinstance(inner, str):
                yield from (item for item in inner if isinstance(item, Mapping))
            else:
                yield from _containers(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _containers(item)
