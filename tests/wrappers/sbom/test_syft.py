"""Syft on real things, in both formats; what it does not see of Terraform is there all the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

import pytest

from helpers.core.errors import BadInput
from helpers.runtime import tools
from helpers.wrappers import sbom
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.crane import BadReference, Crane, NotInRegistry
from helpers.wrappers.module_interface import InvalidModule
from helpers.wrappers.module_package import pack
from helpers.wrappers.sbom import Component, NothingFound, Sbom, Syft
from helpers.wrappers.sbom.types import Format
from tests.wrappers.registry import registry
from tests.wrappers.sbom import parts


@pytest.fixture(scope="module")
def provider() -> dict[str, Sbom]:
    path = tools.ensure("provider-platform").path
    return {format: Syft().file(path, format=format) for format in get_args(Format)}


def test_a_program_lists_the_modules_it_was_built_from(provider: dict[str, Sbom]) -> None:
    found = provider["cyclonedx"]
    built = tools.ensure("provider-platform").path
    assert found.digest == "sha256:" + hashlib.sha256(built.read_bytes()).hexdigest()
    (framework,) = found.find("github.com/hashicorp/terraform-plugin-framework")
    assert framework.version == "v1.19.0" and framework.type == "golang"
    assert framework.purl == f"pkg:golang/{framework.name}@{framework.version}"
    assert [name for name, _ in framework.hashes] == ["h1"]
    (itself,) = found.find("acme.test/platform/terraform-provider-platform")
    assert itself.version == "", "UNKNOWN is no version"


def test_both_formats_say_the_same(provider: dict[str, Sbom]) -> None:
    assert provider["cyclonedx"] != provider["spdx"], "the format is part of it"
    assert provider["cyclonedx"].components == provider["spdx"].components
    assert provider["cyclonedx"].digest == provider["spdx"].digest
    assert sbom.diff(provider["cyclonedx"], provider["spdx"]).same


def test_what_is_written_is_read_again(provider: dict[str, Sbom], tmp_path: Path) -> None:
    for format, found in provider.items():
        assert sbom.read(found.write(tmp_path / f"{format}.json")) == found


@pytest.mark.parametrize("format", get_args(Format))
def test_a_module_lists_what_terraform_alone_knows(tmp_path: Path, format: Format) -> None:
    folder = parts.module(tmp_path / "module")
    found = Syft(tmp_path).module("module", name="acme/inference", version="1.0.0", format=format)
    assert (found.subject, found.version, found.format) == ("acme/inference", "1.0.0", format)
    assert found.digest == "sha256:" + hashlib.sha256(pack(folder)).hexdigest()
    assert {(c.type, c.name, c.version) for c in found.components} == {
        ("terraform-provider", "acme.test/platform/platform", "0.1.0"),
        ("terraform-provider", "registry.terraform.io/hashicorp/time", ""),
        ("terraform-module", "registry.acme.test/platform/gpu-pool/acme", "1.2.7"),
        ("terraform-module", "registry.acme.test/platform/names/acme", "0.3.0"),
        ("terraform-module", "git.acme.test/network.git", "v2.0.1"),
    }
    (locked,) = found.find("acme.test/platform/platform")
    assert locked.hashes == (("h1", "00" * 32),)
    assert locked.purl == "pkg:generic/acme.test/platform/platform@0.1.0?ecosystem=terraform-provider"
    assert "hunter2hunter2" not in found.write(tmp_path / "sbom.json").read_text()


def test_what_is_called_twice_is_listed_once(tmp_path: Path) -> None:
    folder = parts.module(tmp_path / "module", installed=False)
    name = "registry.acme.test/platform/gpu-pool/acme"
    (folder / "more.tf").write_text(f'module "second" {{\n  source  = "{name}"\n  version = "!= 1.3.0"\n}}\n')
    for format in get_args(Format):
        found = Syft(tmp_path).module("module", format=format)
        assert len(found.find(name)) == 1
        assert "!= 1.3.0, ~> 1.2" in found.write(tmp_path / "sbom.json").read_text()
        refs = [c.get("bom-ref") or c.get("SPDXID") for c in found.raw.get("components") or found.raw["packages"]]
        assert len(refs) == len(set(refs)), "identifiers are unique"


def test_without_init_only_the_constraint_is_known(tmp_path: Path) -> None:
    parts.module(tmp_path / "module", installed=False)
    found = Syft(tmp_path).module("module")
    (pool,) = found.find("registry.acme.test/platform/gpu-pool/acme")
    assert pool.version == "" and "@" not in pool.purl
    part = next(c for c in found.raw["components"] if c["name"] == pool.name)
    assert {"name": "terraform:constraint", "value": "~> 1.2"} in part["properties"]


def test_a_module_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("module {")
    with pytest.raises(InvalidModule):
        Syft(tmp_path).module()


@pytest.mark.parametrize("format", get_args(Format))
def test_a_python_environment_lists_its_packages(tmp_path: Path, format: Format) -> None:
    parts.environment(tmp_path / "env", acmelib=("1.0.0", "MIT"), other=("2.1", "(Apache-2.0 AND MIT)"))
    found = Syft(tmp_path).python("env", format=format)
    assert [(c.name, c.version, c.type, c.licences) for c in found.components] == [
        ("acmelib", "1.0.0", "pypi", ("MIT",)),
        ("other", "2.1", "pypi", ("Apache-2.0", "MIT")),
    ]
    assert found.digest == "", "a folder has no digest of its own"


def test_an_image_is_listed_by_its_digest(tmp_path: Path) -> None:
    root = parts.environment(tmp_path / "root", acmelib=("1.0.0", "MIT"))
    with registry() as address:
        pushed = Crane(tmp_path).append([parts.layer(tmp_path, root)], f"{address}/vision/inference:1.0.0")
        for format in get_args(Format):
            found = Syft(tmp_path).image(f"{address}/vision/inference:1.0.0", format=format)
            assert found.digest == pushed.partition("@")[2]
            assert [(c.name, c.version) for c in found.components] == [("acmelib", "1.0.0")]
        with pytest.raises(NotInRegistry):
            Syft(tmp_path).image(f"{address}/vision/none:1.0.0")


def test_a_folder_lists_what_its_lock_files_declare(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module acme.test/x\n\ngo 1.26\n\nrequire github.com/google/uuid v1.6.0\n")
    (tmp_path / ".syft.yaml").write_text("exclude: ['**/*']\n")
    found = Syft(tmp_path).directory(name="x", version="1.0.0")
    assert (found.subject, found.version) == ("x", "1.0.0")
    assert [c.version for c in found.find("github.com/google/uuid")] == ["v1.6.0"], "the folder's options are not read"
    assert not Syft(tmp_path).directory(exclude=["**/go.mod"]).find("github.com/google/uuid")


def test_what_is_not_there_is_no_empty_list(tmp_path: Path) -> None:
    syft = Syft(tmp_path)
    for call in (syft.directory, syft.file, syft.python, syft.module):
        with pytest.raises(NothingFound):
            call("none")
    with pytest.raises(NothingFound, match="not a Python environment"):
        syft.python(".")
    for reference in ("", "-x/y", "inference"):
        with pytest.raises(BadReference):
            syft.image(reference)
    with pytest.raises(BadInput, match="not a format"):
        syft.directory(".", format="table")  # type: ignore[arg-type]
    with pytest.raises(RefusedVariable):
        Syft(tmp_path, env={"SYFT_EXCLUDE": "**/*"})


def test_one_line_says_what_it_is(provider: dict[str, Sbom]) -> None:
    assert repr(provider["spdx"]).startswith("Sbom(provider-platform: ") and "spdx" in repr(provider["spdx"])
    assert repr(Component("x")) == "Component(x (version not known), unknown type)"
