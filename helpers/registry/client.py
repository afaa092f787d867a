"""Client of the registry's HTTP interface."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from helpers.errors import BadInput
from helpers.registry.errors import RegistryUnreachable, from_answer
from helpers.registry.package import pack, sign
from helpers.registry.types import Module, Signature

#: The host by which Terraform addresses modules; the CLI configuration maps it to the running registry.
HOST = "registry.acme.test"


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
        import urllib.error
        import urllib.request

        request = urllib.request.Request(self.url + path, body, method=method)  # noqa: S310
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        if kind:
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                data = json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise from_answer(error.code, error.read()) from None
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
