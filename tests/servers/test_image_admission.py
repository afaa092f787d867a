"""The real API server asks the real service, which asks cosign: what may run, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.clients.image_admission import BadPolicy, ImageAdmission, Rule
from helpers.clients.image_admission.client import LABEL
from helpers.clients.image_admission.policy import Policy, images
from helpers.clients.kubernetes import AdmissionRefused, Cluster
from helpers.course.scenarios import story
from helpers.course.scenarios.signing import SigningScenario as Repository
from helpers.runtime import services
from helpers.wrappers.cosign import Cosign, Identity, Keyless

SPACE = "signed-only"
BOT = "spiffe://acme.test/pipeline/inference"


@dataclass(frozen=True)
class World:
    home: Path
    cluster: Cluster
    digests: dict[str, str]

    def image(self, version: str) -> str:
        return f"{story.IMAGE}@{self.digests[version]}"

    @property
    def key(self) -> Path:
        return self.home / "image.pub"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("s")))
        try:
            registry = services.ensure("oci").address
            name = f"{registry}/{story.IMAGE.partition('/')[2]}"
            digests = {version: story.push_image(registry, version) for version in ("1.0.0", "1.1.0", "6.6.6")}
            cosign = Cosign(home)
            for owner, version in (("image", "1.0.0"), ("stranger", "1.1.0")):
                key = cosign.generate_key_pair(password="a long password", name=owner)
                cosign.sign(f"{name}@{digests[version]}", key=key, password="a long password")
            ImageAdmission().enforce({f"{story.IMAGE.rpartition('/')[0]}/*": home / "image.pub"})
            cluster = Cluster()
            for space, labels in ((SPACE, LABEL), ("not-asked", {})):
                cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels}})
            yield World(home, cluster, digests)
        finally:
            services.stop("all")


def pod_spec(image: str) -> dict[str, Any]:
    return {"containers": [{"name": "server", "image": image}]}


def workload(kind: str, image: str, *, namespace: str = SPACE) -> dict[str, Any]:
    meta = {"name": "inference", "namespace": namespace}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": pod_spec(image)}
    if kind == "CronJob":
        job = {"template": {"spec": {**pod_spec(image), "restartPolicy": "Never"}}}
        spec: dict[str, Any] = {"schedule": "0 4 * * *", "jobTemplate": {"spec": job}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": meta, "spec": spec}
    labels = {"app": "inference"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(image)}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


def refusal(world: World, manifest: dict[str, Any]) -> str:
    with pytest.raises(AdmissionRefused) as refused:
        world.cluster.apply(manifest, dry_run=True)
    return str(refused.value.diagnostics())


def test_a_signed_image_is_admitted_and_its_pods_run(world: World) -> None:
    world.cluster.apply(workload("Deployment", world.image("1.0.0")))
    world.cluster.wait("Deployment", "inference", namespace=SPACE, condition="Available", timeout=300)
    world.cluster.delete("Deployment", "inference", namespace=SPACE)


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
def test_an_unsigned_image_is_refused_in_every_kind(world: World, kind: str) -> None:
    assert "The image has no signature" in refusal(world, workload(kind, world.image("6.6.6")))


def test_what_else_is_refused_is_told_apart(world: World) -> None:
    said = {
        "signature": refusal(world, workload("Pod", world.image("1.1.0"))),
        "tag": refusal(world, workload("Pod", f"{story.IMAGE}:1.0.0")),
        "missing": refusal(world, workload("Pod", f"{story.IMAGE}@sha256:{'0' * 64}")),
        "rule": refusal(world, workload("Pod", f"docker.example/x@{world.digests['1.0.0']}")),
    }
    assert "has no digest" in said["tag"]
    assert "no such image" in said["missing"]
    assert "no rule covers it, so it is refused by default" in said["rule"]
    assert len(set(said.values())) == 4


def test_a_good_container_does_not_cover_a_bad_one(world: World) -> None:
    pod = workload("Pod", world.image("1.0.0"))
    pod["spec"]["initContainers"] = [{"name": "setup", "image": world.image("6.6.6")}]
    assert "The image has no signature" in refusal(world, pod)


def test_a_running_pod_gets_no_unsigned_container_later(world: World) -> None:
    world.cluster.apply(workload("Pod", world.image("1.0.0")))
    try:
        with pytest.raises(AdmissionRefused):
            bad = {"spec": {"containers": [{"name": "server", "image": world.image("6.6.6")}]}}
            world.cluster.patch("Pod", "inference", bad, namespace=SPACE)
    finally:
        world.cluster.delete("Pod", "inference", namespace=SPACE)


def test_an_image_signed_without_a_key_is_admitted_by_identity(world: World, tmp_path: Path) -> None:
    keyless, admission, place = Keyless(tmp_path), ImageAdmission(), Repository("keyless/inference", tmp_path)
    images = {}
    for tag, identity in (("1", BOT), ("2", BOT.replace("inference", "modules")), ("3", "ada@acme.test"), ("4", "")):
        reference = place.push(tag, f"weights {tag}")
        images[tag] = place.image_name(reference)
        if identity:
            keyless.sign(reference, identity=identity)
    trusted = Identity(BOT, keyless.sigstore.workloads, keyless.trusted_root("roots.json"))
    before = {rule.images: rule.signer(tmp_path) for rule in admission.rules}
    # Nothing of the deployment is needed any more: the trusted root is enough.
    services.stop("sigstore")
    try:
        admission.enforce({"images.acme.test/keyless/*": trusted, **before})
        world.cluster.apply(workload("Deployment", images["1"]), dry_run=True)
        assert "None of its signatures is of" in refusal(world, workload("Pod", images["2"]))
        assert "None of its signatures is of" in refusal(world, workload("Pod", images["3"]))
        assert "The image has no signature" in refusal(world, workload("Pod", images["4"]))
        assert "could not tell" not in "".join(refusal(world, workload("Pod", images[tag])) for tag in "234")
        world.cluster.apply(workload("Pod", world.image("1.0.0")), dry_run=True)
        rules = admission.rules
        for bad in (
            dataclasses.replace(trusted, identity=""),
            dataclasses.replace(trusted, roots=tmp_path / "nowhere.json"),
            dataclasses.replace(trusted, roots=tmp_path / "layer.tar"),
        ):
            with pytest.raises(BadPolicy):
                admission.enforce({"*": bad})
        assert admission.rules == rules
        people = dataclasses.replace(trusted, issuer=keyless.sigstore.people)
        admission.enforce({"images.acme.test/keyless/*": people})
        assert "Another issuer vouched" in refusal(world, workload("Pod", images["1"]))
    finally:
        admission.enforce(before)


def test_only_labelled_namespaces_are_asked_about(world: World) -> None:
    world.cluster.apply(workload("Pod", world.image("6.6.6"), namespace="not-asked"), dry_run=True)


def test_a_service_that_is_down_admits_nothing_and_comes_back(world: World) -> None:
    os.kill(services.ensure("image-admission").pid, signal.SIGKILL)
    with pytest.raises(Exception, match="signed-images"):
        world.cluster.apply(workload("Pod", world.image("1.0.0")), dry_run=True)
    services.ensure("image-admission")
    world.cluster.apply(workload("Pod", world.image("1.0.0")), dry_run=True)
    assert "The image has no signature" in refusal(world, workload("Pod", world.image("6.6.6")))


def test_a_registry_that_is_down_is_could_not_tell_and_refused(world: World) -> None:
    services.stop("image-admission")  # what it remembers would hide the fault
    services.ensure("image-admission")
    record = json.loads((services.data("oci").parent / "service.json").read_text())
    for process in record["processes"]:
        os.kill(process["pid"], signal.SIGKILL)
    try:
        assert "could not tell, so it is refused" in refusal(world, workload("Pod", world.image("1.0.0")))
    finally:
        services.ensure("oci")
    world.cluster.apply(workload("Pod", world.image("1.0.0")), dry_run=True)


def test_a_private_key_or_none_is_not_taken(world: World) -> None:
    before = ImageAdmission().rules
    for path, why in ((world.home / "image.key", "not a public key"), (world.home / "nothing.pub", "No such file")):
        with pytest.raises(BadPolicy) as refused:
            ImageAdmission().enforce({"*": path})
        assert why in refused.value.why
    assert ImageAdmission().rules == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["containers", "initContainers", "image", "spec", "x"]), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_object_confuses_the_search_for_images(manifest: Any) -> None:
    assert all(isinstance(image, str) for image in images(manifest))
    wrapped = {"spec": {"anything": [{"containers": [{"image": "a"}], "initContainers": manifest}]}}
    assert "a" in images(wrapped)


@pytest.mark.parametrize(
    ("reference", "found"),
    [("r.test:5000/vision/a:1@sha256:0", True), ("r.test:5000/vision/a", True), ("r.test:5000/speech/a:1", False)],
)
def test_a_rule_is_chosen_by_the_repository(reference: str, found: bool) -> None:
    policy = Policy((Rule("r.test:5000/vision/*", "key"),), {})
    assert (policy.rule(reference) is not None) is found
