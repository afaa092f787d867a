"""Client of the registry's HTTP interface."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from helpers.clients.registry.ends import EndCommands
from helpers.clients.registry.errors import RegistryUnreachable, from_answer
from helpers.clients.registry.types import Module, Signature
from helpers.core import http
from helpers.core.errors import BadInput
from helpers.core.files import read_private
from helpers.core.redact import add_secrets
from helpers.runtime import services, trust
from helpers.wrappers.module_package import pack, sign
from helpers.wrappers.terraform.config import REGISTRY_HOST


class Registry(EndCommands):
    """A module registry.

    Args:
        url: where it answers, ``https://host:port``. A server of loopback is asked for a certificate of the course's
            own authority. Without TLS no token is sent.
        token: bearer token; reading needs none.

    Attributes:
        authority: file of the certificate that vouches for the server, on loopback; None elsewhere, where the machine's
            own authorities count.
    """

    #: Seconds an answer may take.
    timeout: ClassVar[float] = 60.0

    def __init__(self, url: str, token: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise BadInput(
                f"{url!r} is not a URL of a registry", why="It must be http or https.", next="Registry.local()"
            )
        self.url = url.rstrip("/")
        self._token, self._pages = token, ""
        # On loopback our own authority's certificates count, elsewhere those that the machine trusts.
        self.authority = trust.ca_file() if (urlsplit(url).hostname or "").startswith("127.") else None
        if token:
            add_secrets(token)
        if token and not self.url.startswith("https://"):
            raise BadInput(f"{url} would be sent the token in clear", why="It is not https.", next="Registry.local()")

    @classmethod
    def local(cls, token: str | None = None) -> Registry:
        """Return the registry on this machine, started when needed; without a token, as its administrator."""
        url = services.ensure("registry").url
        return cls(url, token if token is not None else read_private(services.data("registry") / "admin.token"))

    def __repr__(self) -> str:
        return f"Registry({self.url!r}{', with a token' if self._token else ''})"

    def publish(
        self,
        directory: str | os.PathLike[str],
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
            directory: of the module.
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
        package = pack(directory)
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

    def fetch(self, module: str, version: str) -> tuple[bytes, bytes]:
        """Return archive and signature bundle of a version, as the registry gives them out; nothing is verified here.

        Raises:
            Tampered: the registry itself refuses it. RegistryNotFound, NoPermission, RegistryUnreachable.
        """
        place = f"/v1/modules/{_address(module)}/{quote(version, safe='')}"
        link = self._answer("GET", f"{place}/download").headers.get("x-terraform-get", "")
        # Only a path: the token must not follow a link to another host.
        if not link.startswith("/v1/archives/"):
            raise RegistryUnreachable(
                f"The registry at {self.url} names no archive", why=f"It named {link[:80]!r}.", next="Registry.local()"
            )
        return self._answer("GET", link).body, self._answer("GET", f"{place}/bundle").body

    def search(self, words: str = "") -> tuple[dict[str, Any], ...]:
        """Return the modules whose name or description has all *words*."""
        return tuple(self._call("GET", f"/v1/modules/search?{urlencode({'q': words, 'limit': 100})}")["modules"])

    @property
    def pages_url(self) -> str:
        """The address of the pages for people, which a browser opens without knowing the course's authority."""
        if not self._pages:
            known = self._call("GET", "/.well-known/terraform.json")
            self._pages = str(known.get("pages.v1") or self.url).rstrip("/")
        return self._pages

    def page_url(self, module: str, version: str = "") -> str:
        """Return the address of a module's page for people."""
        return f"{self.pages_url}/modules/{_address(module)}{'/' + quote(version, safe='') if version else ''}"

    def yank(self, module: str, version: str, reason: str | None) -> None:
        """Take a version from what Terraform is offered, saying why; ``None`` offers it again."""
        self._flag(module, version, "yanked", reason)

    def deprecate(self, module: str, version: str, reason: str | None) -> None:
        """Mark a version as deprecated, saying why; ``None`` takes the mark away."""
        self._flag(module, version, "deprecated", reason)

    def add_token(self, name: str, namespaces: Sequence[str], permissions: Sequence[str] = ("read", "publish")) -> str:
        """Make a token, as administrator; it is shown once and kept only as a digest."""
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

    def _path(self, module: str, tail: str) -> str:
        return f"/v1/modules/{_address(module)}/{tail}"

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
        try:
            data = json.loads(self._answer(method, path, body, kind).body or b"{}")
        except ValueError as error:
            raise self._unreachable(error) from None
        return data if isinstance(data, dict) else {}

    def _answer(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> http.Answer:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if kind:
            headers["Content-Type"] = kind
        try:
            answer = http.request(
                method, self.url + path, body, headers=headers, timeout=self.timeout, ca=self.authority
            )
        except (http.NoAnswer, ValueError) as error:
            raise self._unreachable(error) from None
        if not answer.ok:
            raise from_answer(answer.status, answer.body)
        return answer

    def _unreachable(self, error: Exception) -> RegistryUnreachable:
        return RegistryUnreachable(
            f"The registry at {self.url} does not answer", why=str(error), next="course services start registry"
        )


def _address(module: str) -> str:
    parts = module.removeprefix(f"{REGISTRY_HOST}/").split("/")
    if len(parts) != 3 or not all(parts):
        raise BadInput(
            f"{module!r} is not a module address", why="It has three parts.", next='"NAMESPACE/NAME/PROVIDER"'
        )
    return "/".join(quote(part, safe="") for part in parts)
