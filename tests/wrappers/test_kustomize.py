"""Kustomize, the real one: what is rendered, what is refused, and what a person is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers.core.errors import BadInput
from helpers.wrappers import kustomize
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.kustomize import Image, Kustomize
from tests.repeats import examples

DIGEST = "sha256:" + "ab" * 32
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {model: resnet}\n"
POD = """apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: vision}
spec:
  jobTemplate: {spec: {template: {spec: {
    initContainers: [{name: fetch, image: fetch}],
    containers: [{name: main, image: "registry.acme.test:5000/vision/main:1"}]}}}}
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_an_overlay_is_rendered(tmp_path: Path) -> None:
    write(tmp_path / "base", kustomization="resources: [a.yaml, b.yaml]\n", a=CONFIG_MAP, b=POD)
    overlay = "resources: [../../base]\nnamespace: inference-dev\nimages:\n- {name: fetch, digest: '" + DIGEST + "'}\n"
    write(tmp_path / "overlays/dev", kustomization=overlay)
    rendered = Kustomize(tmp_path).build("overlays/dev")
    assert [m["kind"] for m in rendered.manifests] == ["ConfigMap", "CronJob"]
    assert list(yaml.safe_load_all(rendered.text)) == list(rendered.manifests)
    assert rendered.find("ConfigMap", "settings")[0]["metadata"]["namespace"] == "inference-dev"
    assert {i.container: (i.repository, i.digest) for i in rendered.images} == {
        "main": ("registry.acme.test:5000/vision/main", ""),
        "fetch": ("fetch", DIGEST),
    }
    assert repr(rendered) == "Rendered(overlays/dev: 2 objects, 2 images)"
    assert "settings" in (rendered._repr_html_() or "")


def test_the_version_is_known(tmp_path: Path) -> None:
    assert int(Kustomize(tmp_path).version.split(".")[0]) == 5


PATCH = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"
JSON_PATCH = """resources: [a.yaml]
patches:
- target: {kind: ConfigMap}
  patch: |-
    - {op: replace, path: /spec/none, value: x}
"""
FAULTS = {
    "missing": ("MissingResource", "f/gone.yaml", {"kustomization": "resources: [gone.yaml]\n"}),
    "no kustomization": ("MissingResource", "f", {"a": CONFIG_MAP}),
    "duplicate": (
        "DuplicateId",
        "f/kustomization.yaml",
        {"kustomization": "resources: [a.yaml, b.yaml]\n", "a": CONFIG_MAP, "b": CONFIG_MAP},
    ),
    "patch without target": (
        "BadPatch",
        "f/kustomization.yaml",
        {"kustomization": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n", "a": CONFIG_MAP, "p": PATCH},
    ),
    "patch that does not fit": ("BadPatch", "f/kustomization.yaml", {"kustomization": JSON_PATCH, "a": CONFIG_MAP}),
    "patch that is no patch": (
        "BadPatch",
        "f/kustomization.yaml",
        {"kustomization": "resources: [a.yaml]\npatches: [{patch: '{{{'}]\n", "a": CONFIG_MAP},
    ),
    "broken resource": ("BadKustomization", "f/a.yaml", {"kustomization": "resources: [a.yaml]\n", "a": "a: [\n"}),
    "broken kustomization": ("BadKustomization", "f/kustomization.yaml", {"kustomization": "resources: [\n"}),
    "unknown field": ("BadKustomization", "f/kustomization.yaml", {"kustomization": "resuorces: []\n"}),
    "file outside": ("OutsideRoot", "outside.yaml", {"kustomization": "resources: [../outside.yaml]\n"}),
    "address": (
        "RemoteRefused",
        "f/kustomization.yaml",
        {"kustomization": "resources: ['https://acme.test/x.yaml']\n"},
    ),
    "repository": (
        "RemoteRefused",
        "f/kustomization.yaml",
        {"kustomization": "resources: ['github.com/acme/x//base?ref=v1']\n"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_the_file_and_the_reason(tmp_path: Path, fault: str) -> None:
    kind, file, files = FAULTS[fault]
    write(tmp_path, outside=CONFIG_MAP)
    write(tmp_path / "f", **files)
    with pytest.raises(kustomize.KustomizeError) as caught:
        Kustomize(tmp_path).build("f")
    assert type(caught.value).__name__ == kind
    assert caught.value.file == file
    assert caught.value.why and caught.value.next and str(tmp_path) not in str(caught.value)


def test_a_link_does_not_lead_outside(tmp_path: Path) -> None:
    write(tmp_path, outside="password: x\n")
    write(tmp_path / "f", kustomization="configMapGenerator: [{name: x, files: [link]}]\n")
    (tmp_path / "f/link").symlink_to("../outside.yaml")
    with pytest.raises(kustomize.OutsideRoot):
        Kustomize(tmp_path).build("f")


def test_no_folder_and_no_executable(tmp_path: Path) -> None:
    for path in ("gone", "-e", "https://acme.test/x"):
        with pytest.raises(kustomize.MissingResource):
            Kustomize(tmp_path).build(path)
    with pytest.raises(BadInput):
        Kustomize(tmp_path / "gone")
    with pytest.raises(RefusedVariable):
        Kustomize(tmp_path, env={"HTTPS_PROXY": "http://x"})


def test_an_image_is_set(tmp_path: Path) -> None:
    write(tmp_path / "f", kustomization="# why it is so\nresources: [a.yaml]\n", a=POD)
    tool = Kustomize(tmp_path)
    file = tool.set_image("f", "fetch", new_name="registry.acme.test/fetch", digest=DIGEST)
    assert file == tmp_path / "f/kustomization.yaml" and "# why it is so" in file.read_text()
    references = {i.container: i.reference for i in tool.build("f").images}
    assert references["fetch"] == f"registry.acme.test/fetch@{DIGEST}"
    tool.set_image("f", "fetch", tag="2.0")
    assert {i.container: i.reference for i in tool.build("f").images}["fetch"] == "fetch:2.0"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"digest": DIGEST, "tag": "1"},
        {"digest": "sha256:12"},
        {"tag": "a b"},
        {"tag": "1", "new_name": "-x"},
    ],
)
def test_an_image_is_not_set_to_nonsense(tmp_path: Path, given: dict[str, str]) -> None:
    write(tmp_path / "f", kustomization="resources: []\n")
    with pytest.raises(BadInput):
        Kustomize(tmp_path).set_image("f", "fetch", **given)
    assert (tmp_path / "f/kustomization.yaml").read_text() == "resources: []\n"


NAME = st.from_regex(r"[a-z0-9.]{1,9}(:[0-9]{1,4})?(/[a-z0-9-]{1,6}){1,2}", fullmatch=True)


@examples(60)
@given(NAME, st.sampled_from(["", ":1.0", ":latest", f"@{DIGEST}", f":1@{DIGEST}"]))
def test_a_reference_is_taken_apart(name: str, rest: str) -> None:
    image = Image(name + rest, "c", "Pod", "p")
    assert image.repository == name
    assert image.digest == (DIGEST if "@" in rest else "")
