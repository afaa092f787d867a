"""Bills of materials for the displays, as `helpers.sbom` gives them."""

from __future__ import annotations

from helpers.wrappers.sbom import Component, Sbom, SbomDiff, diff


def component(text: str, version: str = "1.0.0", hash: str = "aa" * 32, type: str = "golang") -> Component:
    return Component(text, version, type, f"pkg:{type}/{text}@{version}" if version else "", ("MIT",), (("h1", hash),))


def old() -> Sbom:
    parts = (
        component("acme.test/queue"),
        component("acme.test/store", "1.4.0"),
        component("acme.test/gone"),
        component("acme.test/trusted", hash="bb" * 32),
        Component("acme.test/relicensed", "1.0", "pypi", "", ("MIT",)),
    )
    return Sbom("inference", "sha256:" + "1" * 64, parts, "1.0.0")


def new() -> Sbom:
    parts = (
        component("acme.test/queue", "1.10.0"),
        component("acme.test/store", "1.3.9"),
        component("acme.test/came"),
        component("acme.test/trusted", hash="cc" * 32),
        Component("acme.test/relicensed", "1.0", "pypi", "", ("BUSL-1.1",)),
        Component("registry.acme.test/platform/pool/acme", "", "terraform-module"),
    )
    return Sbom("inference", "sha256:" + "2" * 64, parts, "1.1.0")


def change() -> SbomDiff:
    return diff(old(), new())


def large() -> Sbom:
    return Sbom("environment", "", tuple(component(f"part-{n:04}", type="pypi") for n in range(500)))
