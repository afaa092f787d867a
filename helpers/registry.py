"""Client of the module registry: publish, look up, and what goes wrong as typed errors.

>>> registry = Registry.local()
>>> registry.publish("workspace/gpu-workspace", "1.0.0", namespace="vision", name="gpu-workspace", provider="aws",
...                  key="cosign.key")
"""

from __future__ import annotations

import fnmatch
import gzip
import io
import json
import os
import secrets
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from helpers.errors import BadInput, CourseError

#: The host by which Terraform addresses modules; the CLI configuration maps it to the running registry.
HOST = "registry.acme.test"
#: Never part of a module: names that tools and editors make by themselves, as patterns of `fnmatch`.
LEFT_OUT = (".git", ".terraform", ".terraform.lock.hcl", ".ipynb_checkpoints", "__pycache__", ".DS_Store", ".*.swp")
#: Terraform's state. It is packed all the same, so that the registry says that it has no place in a module.
STATE = ("*.tfstate", "*.tfstate.*")


class RegistryError(CourseError):
    """Base of the faults of the registry."""

    code = "registry-error"


class RegistryUnreachable(RegistryError):
    """The registry does not answer."""

    code = "registry-unreachable"


class VersionTaken(RegistryError):
    """The version is published already; versions never change (HTTP 409)."""

    code = "registry-version-taken"


class NoPermission(RegistryError):
    """The token is missing, unknown, or not allowed to do this (HTTP 401, 403)."""

    code = "registry-no-permission"


class NotFound(RegistryError):
    """There is no such module or version (HTTP 404)."""

    code = "registry-not-found"


class Tampered(RegistryError):
    """The registry's copy of an archive is no longer what was published (HTTP 500)."""

    code = "registry-tampered"


@dataclass(frozen=True)
class Problem:
    """One rule that a module breaks: the rule's name, where, what is wrong, and how to mend it."""

    rule: str
    where: str
    what: str
    fix: str


class PublishRefused(RegistryError):
    """The module breaks rules (HTTP 422); ``problems`` has all of them."""

    code = "registry-refused"

    def __init__(self, what: str, *, problems: Sequence[Problem] = (), why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.problems = tuple(problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON-ready data, with the problems."""
        return {**super().to_dict(), "problems": [vars(problem) for problem in self.problems]}

    def _repr_html_(self) -> str:
        from helpers.widgets import table_html

        rows = [[p.rule, p.where, p.what, p.fix] for p in self.problems]
        return table_html(["Rule", "Where", "What", "How to mend it"], rows, caption=self.what)


@dataclass(frozen=True)
class Signature:
    """State of a version's signature: ``verified`` or ``refused``, by which key, checked when (UTC)."""

    status: str
    key_id: str
    key_name: str
    verified_at: str

    @property
    def key(self) -> str:
        """The key for a person: its name and the start of its id."""
        return f"{self.key_name} ({self.key_id[:16]})"


@dataclass(frozen=True)
class Module:
    """A version of a module as the registry knows it.

    Attributes:
        source: address for a ``source`` argument.
        version: this version.
        versions: all versions, newest first.
        description: one line.
        versioning: how versions are chosen.
        support: whom to ask, as text.
        signature: its state.
        digest: SHA-256 of the archive, hex.
        inputs: name, type, description, required, default, sensitive each.
        outputs: name, description, sensitive each.
        page_url: the page for people.
        raw: everything the registry said.
    """

    source: str
    version: str
    versions: tuple[str, ...]
    description: str
    versioning: str
    support: str
    signature: Signature
    digest: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]
    page_url: str
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Module({self.source} {self.version}, {self.signature.status}, {len(self.versions)} versions)"

    def _repr_html_(self) -> str:
        from helpers.widgets import registry_card_html

        return registry_card_html(self)


def pack(folder: str | os.PathLike[str]) -> bytes:
    """Return a module's folder as tar.gz; the same files give the same bytes, whoever packs them and when.

    Raises:
        BadInput: there is no such folder, or it holds a symbolic link or a special file.
    """
    root = Path(folder)
    if not root.is_dir():
        raise BadInput(
            f"There is no module in {root}", why="The folder does not exist.", next="Write the module first."
        )
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in members(root):
            data = path.read_bytes()
            info = tarfile.TarInfo(path.relative_to(root).as_posix())
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def members(root: Path) -> list[Path]:
    """Return the files of a module that belong into its package.

    Raises:
        BadInput: it holds a symbolic link or a special file.
    """
    found = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if not _left_out(n))
        for name in sorted([*files, *(n for n in names if (Path(folder) / n).is_symlink())]):
            path = Path(folder) / name
            if _left_out(name):
                continue
            if path.is_symlink() or not path.is_file():
                raise BadInput(
                    f"{path.relative_to(root)} cannot be part of a module",
                    why="It is a link or a special file.",
                    next="Put the file itself there.",
                )
            found.append(path)
    return sorted(found, key=lambda p: p.relative_to(root).as_posix())


def _left_out(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT_OUT)


def sign(package: bytes, key: str | os.PathLike[str], password: str = "") -> bytes:
    """Return cosign's bundle over *package*.

    Args:
        package: the archive.
        key: private key file of ``cosign generate-key-pair``.
        password: of the key.

    Raises:
        CosignError: the key is not there or does not open.
    """
    from helpers.cosign import Cosign

    path = Path(key).resolve()
    with tempfile.TemporaryDirectory(prefix="sign-") as name:
        (Path(name) / "package").write_bytes(package)
        Cosign(name).sign_blob("package", key=path, password=password, bundle="bundle")
        return (Path(name) / "bundle").read_bytes()


class Registry:
    """A module registry.

    Args:
        url: where it answers, ``http://host:port``.
        token: bearer token; reading needs none.
    """

    #: Seconds an answer may take.
    timeout: ClassVar[float] = 60.0

    def __init__(self, url: str, token: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise BadInput(f"{url!r} is no URL of a registry", why="It must be http or https.", next="Registry.local()")
        self.url = url.rstrip("/")
        self._token = token
        if token:
            from helpers._redact import add_secrets

            add_secrets(token)

    @classmethod
    def local(cls, token: str | None = None) -> Registry:
        """Return the registry on this machine, started when needed; without a token, as its administrator."""
        from helpers import services

        url = services.ensure("registry").url
        return cls(url, token if token is not None else (services.data("registry") / "admin.token").read_text())

    def __repr__(self) -> str:
        return f"Registry({self.url!r}{', with a token' if self._token else ''})"

    def publish(
        self,
        folder: str | os.PathLike[str],
        version: str,
        *,
        namespace: str,
        name: str,
        provider: str = "aws",
        key: str | os.PathLike[str] | None,
        password: str = "",
    ) -> Module:
        """Pack, sign and publish a module.

        Args:
            folder: of the module.
            version: a semantic version that is not taken.
            namespace: of the team.
            name: of the module.
            provider: main provider, the last part of the address.
            key: the publisher's cosign key; ``None`` sends it unsigned, which the registry refuses.
            password: of the key.

        Raises:
            PublishRefused: with every broken rule.
            VersionTaken, NoPermission, RegistryUnreachable, BadInput, CosignError.
        """
        package = pack(folder)
        bundle = sign(package, key, password) if key is not None else b""
        self.publish_package(package, bundle, version, f"{namespace}/{name}/{provider}")
        return self.show(f"{namespace}/{name}/{provider}", version)

    def publish_package(self, package: bytes, bundle: bytes, version: str, module: str) -> dict[str, Any]:
        """Publish a signed archive; *module* is ``NAMESPACE/NAME/PROVIDER``. Errors as `publish`."""
        boundary = secrets.token_hex(16)
        parts = []
        for part, data in (("archive", package), ("bundle", bundle)):
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="{part}"\r\n\r\n'
            parts.append(head.encode() + data + b"\r\n")
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        kind = f"multipart/form-data; boundary={boundary}"
        return self._call("POST", f"/v1/modules/{_address(module)}/{quote(version, safe='')}", body, kind)

    def versions(self, module: str) -> tuple[str, ...]:
        """Return the versions that Terraform is offered, newest first."""
        answer = self._call("GET", f"/v1/modules/{_address(module)}/versions")
        return tuple(v["version"] for v in answer["modules"][0]["versions"])

    def show(self, module: str, version: str = "") -> Module:
        """Return what the registry knows of a module; without a version, of its newest release."""
        address = _address(module)
        tail = f"/{quote(version, safe='')}" if version else ""
        return self._module(address, self._call("GET", f"/v1/modules/{address}{tail}"))

    def search(self, words: str = "") -> tuple[dict[str, Any], ...]:
        """Return the modules whose name or description has all *words*."""
        return tuple(self._call("GET", f"/v1/modules/search?{urlencode({'q': words, 'limit': 100})}")["modules"])

    def page_url(self, module: str, version: str = "") -> str:
        """Return the address of a module's page for people."""
        return f"{self.url}/modules/{_address(module)}{'/' + quote(version, safe='') if version else ''}"

    def yank(self, module: str, version: str, reason: str | None) -> None:
        """Take a version from what Terraform is offered, saying why; ``None`` offers it again."""
        self._flag(module, version, "yanked", reason)

    def deprecate(self, module: str, version: str, reason: str | None) -> None:
        """Mark a version as deprecated, saying why; ``None`` takes the mark away."""
        self._flag(module, version, "deprecated", reason)

    def add_token(self, name: str, namespaces: Sequence[str], permissions: Sequence[str] = ("read", "publish")) -> str:
        """Make a token, as administrator; it is shown once and kept only as a digest."""
        from helpers._redact import add_secrets

        data = {"name": name, "namespaces": list(namespaces), "permissions": list(permissions)}
        token = str(self._json("POST", "/v1/admin/tokens", data)["token"])
        add_secrets(token)
        return token

    def drop_token(self, name: str) -> None:
        """Take a token back, as administrator."""
        self._call("DELETE", f"/v1/admin/tokens/{quote(name, safe='')}")

    def add_key(self, namespace: str, name: str, public_key: str | os.PathLike[str]) -> str:
        """Register a public key (file ``cosign.pub``) that may sign in a namespace, as administrator; return its id."""
        pem = Path(public_key).read_text()
        data = {"namespace": namespace, "name": name, "public_key": pem}
        return str(self._json("POST", "/v1/admin/keys", data)["key_id"])

    def _flag(self, module: str, version: str, flag: str, reason: str | None) -> None:
        path = f"/v1/modules/{_address(module)}/{quote(version, safe='')}/{flag}"
        self._json("DELETE" if reason is None else "PUT", path, {"reason": reason or ""})

    def _json(self, method: str, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(method, path, json.dumps(data).encode(), "application/json")

    def _module(self, module: str, raw: Mapping[str, Any]) -> Module:
        support = raw.get("support", {})
        signature = raw.get("signature", {})
        shape = raw.get("interface", {})
        return Module(
            source=str(raw["source"]),
            version=str(raw["version"]),
            versions=tuple(raw["versions"]),
            description=str(raw.get("description", "")),
            versioning=str(raw.get("versioning", "")),
            support=", ".join(str(support[k]) for k in ("team", "contact", "hours") if k in support),
            signature=Signature(**{k: str(signature.get(k, "")) for k in Signature.__dataclass_fields__}),
            digest=str(raw["digest"]),
            inputs=tuple(shape.get("inputs", ())),
            outputs=tuple(shape.get("outputs", ())),
            page_url=self.page_url(module, str(raw["version"])),
            raw=raw,
        )

    def _call(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        request = urllib.request.Request(self.url + path, body, method=method)  # noqa: S310
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        if kind:
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                data = json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise _error(error.code, error.read()) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise RegistryUnreachable(
                f"The registry at {self.url} does not answer", why=str(reason), next="course services start registry"
            ) from None
        return data if isinstance(data, dict) else {}


def _address(module: str) -> str:
    parts = module.removeprefix(f"{HOST}/").split("/")
    if len(parts) != 3 or not all(parts):
        raise BadInput(f"{module!r} is no module address", why="It has three parts.", next='"NAMESPACE/NAME/PROVIDER"')
    return "/".join(quote(part, safe="") for part in parts)


def _error(status: int, body: bytes) -> RegistryError:
    try:
        data = json.loads(body)
        said = str(data["errors"][0]).rstrip(".")
        code, problems = str(data["error"]), [Problem(**p) for p in data["problems"]]
    except (ValueError, KeyError, TypeError, IndexError):
        return RegistryError(f"The registry answered {status}", why=body[:200].decode("utf-8", "replace"))
    if status == 409:
        return VersionTaken(said, next="Raise the version, add its CHANGELOG entry, publish again.")
    if status == 422:
        why = "\n".join(f"- {p.where}: {p.what} {p.fix} [{p.rule}]" for p in problems)
        return PublishRefused(said, problems=problems, why=why, next="Mend these and publish again.")
    if status in (401, 403):
        return NoPermission(said, next="Registry(url, token) with a token that may do this.")
    if status == 404:
        return NotFound(said, next="Registry.search() lists what is there.")
    if code == "tampered":
        return Tampered(said, next="Do not use this version; publish a new one.")
    return RegistryError(said, next="course services logs registry")
