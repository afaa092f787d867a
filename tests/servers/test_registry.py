"""The module registry through its client: publish, refuse, look up, tamper."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from helpers.clients import registry as client
from helpers.clients.registry import (
    NoPermission,
    PublishRefused,
    Registry,
    RegistryError,
    RegistryNotFound,
    RegistryUnreachable,
    Tampered,
    VersionTaken,
)
from helpers.core.errors import BadInput
from helpers.runtime import services
from tests.running import kill
from tests.servers.conftest import MODULE, make_key, write

Make = Callable[..., Path]


HIDDEN = MODULE["outputs.tf"].replace("{", "{\n  sensitive = true")


def publish(registry: Registry, folder: Path, key: Path | None, name: str, version: str = "1.0.0") -> client.Module:
    return registry.publish(folder, version, namespace="vision", name=name, provider="null", key=key)


def rules(refused: pytest.ExceptionInfo[PublishRefused]) -> set[str]:
    return {problem.rule for problem in refused.value.problems}


def test_a_good_module_is_published_and_shown(registry: Registry, module: Make, key: Path) -> None:
    got = publish(registry, module("good"), key, "good")
    assert got.versions == ("1.0.0",)
    assert got.signature.status == "verified" and got.signature.key_name == "vision-release"
    assert got.support == "vision platform, vision-platform@acme.test, Mon-Fri 09:00-17:00 CET"
    assert [i["name"] for i in got.inputs] == ["gpus", "team"]
    assert "vision-platform@acme.test" in got._repr_html_()
    assert [m["id"] for m in registry.search("good")] == ["vision/good/null/1.0.0"]


def test_a_published_version_never_changes(registry: Registry, module: Make, key: Path) -> None:
    folder = module("taken")
    first = publish(registry, folder, key, "taken")
    (folder / "README.md").write_text((folder / "README.md").read_text() + "more")
    with pytest.raises(VersionTaken, match="never changes"):
        publish(registry, folder, key, "taken")
    assert registry.show("vision/taken/null").digest == first.digest


def test_every_broken_rule_is_told_at_once(registry: Registry, tmp_path: Path, key: Path) -> None:
    bad = write(tmp_path / "bad", {"main.tf": 'variable "x" {}\noutput "y" { value = 1 }\n', "old.tfstate": "{}"})
    with pytest.raises(PublishRefused) as refused:
        publish(registry, bad, None, "bad")
    assert rules(refused) == {
        "manifest",
        "support-contact",
        "variable-typed",
        "variable-described",
        "output-described",
        "readme",
        "examples",
        "tests",
        "changelog",
        "no-state",
        "signature",
    }
    assert "main.tf:1: variable x: It has no type. Add `type = ...`." in refused.value.diagnostics()


@pytest.mark.parametrize(
    ("changed", "rule", "where"),
    [
        ({"README.md": None}, "readme", "README.md"),
        ({"README.md": "# Short\n"}, "readme", "README.md"),
        ({"variables.tf": 'variable "team" { description = "d" }'}, "variable-typed", "variable team"),
        ({"variables.tf": 'variable "team" { type = string }'}, "variable-described", "variable team"),
        ({"outputs.tf": 'output "id" { value = 1 }'}, "output-described", "output id"),
        ({"examples/basic/main.tf": None}, "examples", "examples/"),
        ({"tests/defaults.tftest.hcl": None}, "tests", "tests/"),
        ({"tests/defaults.tftest.hcl": 'run "x" {}'}, "tests", "tests/defaults"),
        ({"CHANGELOG.md": "# Changelog\n\n## [1.0.0-rc.1]\n\n- x\n"}, "changelog", "CHANGELOG.md"),
        ({"module.yaml": None}, "support-contact", "module.yaml"),
        ({"module.yaml": "a: &a [1]\nb: *a"}, "manifest", "module.yaml"),
        ({"main.tf": "resource {"}, "terraform-valid", "main.tf"),
        ({"notes.txt": "key = AKIA" + "ABCDEFGHIJKLMNOP"}, "no-secrets", "notes.txt:1"),
        ({"deploy.pem": "x"}, "no-secrets", "deploy.pem"),
        ({"main.tf": 'locals { password = "' + 'correct-horse" }'}, "no-secrets", "main.tf:1"),
        ({".terraform.tfstate.lock.info": "x"}, "no-state", ".terraform.tfstate.lock.info"),
    ],
)
def test_each_rule_alone(
    registry: Registry, module: Make, key: Path, changed: dict[str, str | None], rule: str, where: str
) -> None:
    with pytest.raises(PublishRefused) as refused:
        publish(registry, module("rule", **changed), key, "rule")
    found = [p for p in refused.value.problems if p.rule == rule]
    assert found and where in found[0].where and found[0].fix
    assert "vision/rule/null" not in [m["id"] for m in registry.search("rule")]


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0+build", "latest", "01.0.0", "../../etc"])
def test_a_version_must_be_semantic(registry: Registry, module: Make, key: Path, version: str) -> None:
    with pytest.raises((PublishRefused, RegistryNotFound)) as refused:
        publish(registry, module("semver"), key, "semver", version)
    if isinstance(refused.value, PublishRefused):
        assert "semantic-version" in rules(refused)  # type: ignore[arg-type]


def test_a_tampered_package_is_refused_and_says_so(registry: Registry, module: Make, key: Path) -> None:
    folder = module("tampered")
    bundle = client.sign(client.pack(folder), key)
    (folder / "main.tf").write_text(MODULE["main.tf"] + "# changed after signing\n")
    with pytest.raises(PublishRefused, match="changed after signing") as refused:
        registry.publish_package(client.pack(folder), bundle, "1.0.0", "vision/tampered/null")
    assert rules(refused) == {"signature"}


def test_a_key_that_is_not_registered_is_refused(registry: Registry, module: Make, tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="not registered for vision"):
        publish(registry, module("stranger"), make_key(tmp_path), "stranger")


@pytest.mark.parametrize(
    ("name", "changed", "what"),
    [
        ("output-gone", {"outputs.tf": ""}, "output id was removed"),
        ("output-hidden", {"outputs.tf": HIDDEN}, "output id became sensitive"),
        ("new-type", {"variables.tf": MODULE["variables.tf"].replace("number", "bool")}, "type of variable gpus"),
        ("new-default", {"variables.tf": MODULE["variables.tf"].replace("= 1\n", "= 2\n")}, "default of variable gpus"),
        ("no-default", {"variables.tf": MODULE["variables.tf"].replace("  default     = 1\n", "")}, "gpus lost its"),
        ("input-gone", {"variables.tf": MODULE["variables.tf"].split("\n\n")[0]}, "variable gpus was removed"),
    ],
)
def test_a_breaking_change_needs_a_major_version(
    registry: Registry, module: Make, key: Path, name: str, changed: dict[str, str], what: str
) -> None:
    publish(registry, module(name), key, name)
    with pytest.raises(PublishRefused, match=what) as refused:
        publish(registry, module(name, "1.1.0", **changed), key, name, "1.1.0")
    assert "Publish it as 2.0.0" in refused.value.diagnostics()


def test_a_pre_release_of_the_next_major_version_may_break(registry: Registry, module: Make, key: Path) -> None:
    publish(registry, module("pre"), key, "pre")
    with pytest.raises(PublishRefused, match=r"Publish it as 2\.0\.0"):
        publish(registry, module("pre", "1.1.0-rc.1", **{"outputs.tf": ""}), key, "pre", "1.1.0-rc.1")
    publish(registry, module("pre", "2.0.0-rc.1", **{"outputs.tf": ""}), key, "pre", "2.0.0-rc.1")


def test_a_wider_type_breaks_nobody(registry: Registry, module: Make, key: Path) -> None:
    publish(registry, module("wider"), key, "wider")
    wider = {"variables.tf": MODULE["variables.tf"].replace("= number", "= string")}
    assert publish(registry, module("wider", "1.1.0", **wider), key, "wider", "1.1.0").version == "1.1.0"


def test_patch_lines_and_prereleases(registry: Registry, module: Make, key: Path) -> None:
    for version in ("1.0.0", "2.0.0", "1.0.1", "2.1.0-rc.1"):
        publish(registry, module("lines", version), key, "lines", version)
    assert registry.versions("vision/lines/null") == ("2.1.0-rc.1", "2.0.0", "1.0.1", "1.0.0")
    assert registry.show("vision/lines/null").version == "2.0.0"
    registry.yank("vision/lines/null", "1.0.1", "Leaks GPUs.")
    registry.deprecate("vision/lines/null", "1.0.0", "Use 2.0.0.")
    assert registry.versions("vision/lines/null") == ("2.1.0-rc.1", "2.0.0", "1.0.0")
    assert registry.show("vision/lines/null", "1.0.1").raw["yanked"] == "Leaks GPUs."
    with pytest.raises(VersionTaken):
        publish(registry, module("lines", "1.0.1"), key, "lines", "1.0.1")


def test_permissions(registry: Registry, module: Make, key: Path) -> None:
    speech = Registry(registry.url, registry.add_token("speech-ci", ["speech"]))
    with pytest.raises(NoPermission, match="may not publish in the namespace vision"):
        publish(speech, module("perm"), key, "perm")
    with pytest.raises(NoPermission, match="needs a token"):
        publish(Registry(registry.url), module("perm"), key, "perm")
    with pytest.raises(NoPermission, match="not known"):
        Registry(registry.url, "acme_wrong").search()
    with pytest.raises(NoPermission):
        speech.add_token("more", ["*"], ["admin"])
    registry.drop_token("speech-ci")
    with pytest.raises(NoPermission, match="not known"):
        speech.search()


def test_bytes_changed_on_disk_are_not_handed_out(registry: Registry, module: Make, key: Path) -> None:
    publish(registry, module("disk"), key, "disk")
    stored = services.data("registry") / "modules/vision/disk/null/1.0.0/module.tar.gz"
    stored.write_bytes(stored.read_bytes()[:-1] + b"!")
    with pytest.raises(Tampered, match="no longer what was published"):
        registry._call("GET", "/v1/modules/vision/disk/null/1.0.0/download")
    assert registry.show("vision/disk/null").signature.status == "refused"
    page = urllib.request.urlopen(registry.page_url("vision/disk/null")).read().decode()
    assert "Do not use this version" in page


def test_page_shows_what_a_user_needs_and_runs_nothing(registry: Registry, module: Make, key: Path) -> None:
    got = publish(registry, module("page"), key, "page")
    with urllib.request.urlopen(got.page_url) as answer:
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    for wanted in ("Versioning strategy", "vision-platform@acme.test", "signature verified", "~&gt; 1.0", got.digest):
        assert wanted in page
    assert "<script>alert" not in page and 'href="javascript:' not in page and "default-src 'none'" in policy


def test_a_page_shows_hidden_characters_of_a_description(registry: Registry, module: Make, key: Path) -> None:
    told = MODULE["variables.tf"].replace("Team that owns", "Team that\u202eowns")
    got = publish(registry, module("hidden", **{"variables.tf": told}), key, "hidden")
    page = urllib.request.urlopen(got.page_url).read().decode()
    assert "Team that\\u202eowns" in page and "\u202e" not in page


def test_a_yanked_version_is_not_the_newest_and_build_metadata_gets_its_reason(
    registry: Registry, module: Make, key: Path
) -> None:
    for version in ("1.0.0", "1.1.0"):
        publish(registry, module("yanked", version), key, "yanked", version)
    registry.yank("vision/yanked/null", "1.1.0", "Leaks GPUs.")
    assert registry.show("vision/yanked/null").version == "1.0.0"
    registry.yank("vision/yanked/null", "1.0.0", "Leaks GPUs, too.")
    assert registry.show("vision/yanked/null").version == "1.1.0"
    with pytest.raises(RegistryNotFound, match="build metadata"):
        registry.show("vision/yanked/null", "1.0.0+build.1")
    with pytest.raises(RegistryNotFound, match="not a semantic version"):
        registry.show("vision/yanked/null", "one")


def test_kill_and_restart_lose_nothing(registry: Registry, module: Make, key: Path) -> None:
    before = publish(registry, module("killed"), key, "killed")
    token = registry.add_token("killed-ci", ["vision"])
    service = services.ensure("registry")
    kill(service.pid)
    assert services.ensure("registry").url == service.url
    assert Registry(service.url, token).show("vision/killed/null") == before


def test_a_full_disk_is_said_and_changes_nothing(registry: Registry, module: Make, key: Path) -> None:
    server = psutil.Process(services.ensure("registry").pid)
    # The kernel refuses any file above 100 bytes, as it does when the disk is full.
    server.rlimit(psutil.RLIMIT_FSIZE, (100, 100))
    try:
        with pytest.raises(RegistryError, match="disk is full"):
            publish(registry, module("full"), key, "full")
    finally:
        services.restart("registry")
    assert registry.search("full") == ()


def test_events_are_appended(registry: Registry, module: Make, key: Path) -> None:
    publish(registry, module("events"), key, "events")
    with pytest.raises(PublishRefused):
        publish(registry, module("events", "1.1.0"), None, "events", "1.1.0")
    lines = [json.loads(line) for line in (services.data("registry") / "events.jsonl").read_text().splitlines()]
    ours = [(e["event"], e["version"]) for e in lines if e["module"] == "vision/events/null"]
    assert ours == [("publish", "1.0.0"), ("refuse", "1.1.0")]


def test_packing_is_deterministic_and_refuses_links(module: Make, tmp_path: Path) -> None:
    folder = module("pack")
    first = client.pack(folder)
    os.utime(folder / "main.tf", (1, 1))
    (folder / "main.tf").chmod(0o600)
    assert client.pack(folder) == first
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(BadInput, match="link"):
        client.pack(folder)


def test_unreachable_and_bad_addresses() -> None:
    with pytest.raises(RegistryUnreachable, match="course services start registry"):
        Registry("http://127.0.0.1:9").search()
    with pytest.raises(BadInput):
        Registry("file:///etc")
    with pytest.raises(BadInput, match="three parts"):
        Registry("http://127.0.0.1:9").show("gpu")
