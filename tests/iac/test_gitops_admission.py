"""The admission policies in a real API server: what the gate refuses is refused when applied by hand, too."""

from __future__ import annotations

import copy
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.core.paths import IAC
from helpers.runtime import services
from helpers.runtime.services import control_plane
from helpers.wrappers.kustomize import Kustomize
from tests.waits import until

Object = dict[str, Any]
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
    "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Pod": "/api/v1/namespaces/{}/pods",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
}


class Api:
    """Just enough of the API to create things and read the answer."""

    def __init__(self, kubeconfig: str) -> None:
        from kubernetes import client, config

        found = client.Configuration()
        config.load_kube_config(kubeconfig, client_configuration=found)
        self._host = found.host
        self._tls = ssl.create_default_context(cafile=found.ssl_ca_cert)
        self._tls.load_cert_chain(found.cert_file, found.key_file)

    def create(self, manifest: Object, *, dry_run: bool = False) -> tuple[int, str]:
        """Return the HTTP status and the message."""
        path = PATHS[manifest["kind"]].format(manifest["metadata"].get("namespace", "inference-prod"))
        request = urllib.request.Request(
            f"{self._host}{path}{'?dryRun=All' * dry_run}",
            json.dumps(manifest).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, context=self._tls) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, str(json.loads(error.read())["message"])


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    services.ensure("kubernetes")
    found = Api(str(control_plane.kubeconfig("admin")))
    gitops = Kustomize(IAC / "gitops")
    for manifest in gitops.build("tenants/vision/prod").manifests + gitops.build("policy/admission").manifests:
        if manifest["kind"] in PATHS:
            assert found.create(manifest)[0] == 201
    bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "platform"}}
    assert found.create(bare)[0] == 201
    # The API server takes a moment to enforce a new policy.
    refused = deployment(lambda d: container(d).update(image="x:1"))
    until(lambda: found.create(refused, dry_run=True)[0] == 403, "the policy is not in force")
    yield found
    services.stop("kubernetes")


def deployment(spoil: Callable[[Object], object] | None = None) -> Object:
    found = copy.deepcopy(Kustomize(IAC / "gitops").build("apps/inference/overlays/prod").find("Deployment")[0])
    if spoil is not None:
        spoil(found)
    return found


def container(found: Object) -> Any:
    return found["spec"]["template"]["spec"]["containers"][0]


def pod_spec(found: Object) -> Any:
    return found["spec"]["template"]["spec"]


def test_the_story_is_admitted(api: Api) -> None:
    assert api.create(deployment(), dry_run=True) == (201, "")


SPOILED: dict[str, tuple[Callable[[Object], object], str]] = {
    "tag": (lambda d: container(d).update(image="images.acme.test/x:1"), "no digest: images.acme.test/x:1"),
    "init container": (lambda d: pod_spec(d).update(initContainers=[{"name": "i", "image": "x"}]), "no digest: x"),
    "no owner": (lambda d: d["metadata"]["labels"].pop("owner"), "owner and cost-centre"),
    "no labels": (lambda d: d["metadata"].pop("labels"), "owner and cost-centre"),
    "privileged": (
        lambda d: container(d)["securityContext"].update(privileged=True, allowPrivilegeEscalation=True),
        "privileged",
    ),
    "root": (lambda d: pod_spec(d).pop("securityContext"), "root"),
    "root in the container": (lambda d: container(d)["securityContext"].update(runAsNonRoot=False), "root"),
    "folder of the node": (
        lambda d: pod_spec(d).update(volumes=[{"name": "scratch", "hostPath": {"path": "/"}}]),
        "hostPath",
    ),
    "too many GPUs": (lambda d: d["spec"].update(replicas=9), "asks for 9 GPUs; the namespace inference-prod allows 8"),
    "slices of a GPU": (lambda d: container(d)["resources"]["limits"].update({"nvidia.com/mig-1g.5gb": 2}), "9 GPUs"),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_what_the_gate_refuses_is_refused(api: Api, fault: str) -> None:
    spoil, words = SPOILED[fault]
    status, message = api.create(deployment(spoil), dry_run=True)
    assert status == 403 and "tenant-workloads" in message and words in message


def test_no_kind_is_a_way_around(api: Api) -> None:
    spec = copy.deepcopy(pod_spec(deployment()))
    meta = {"name": "x", "labels": {"owner": "vision", "cost-centre": "cc-1042"}}
    template = {"metadata": {"labels": meta["labels"]}, "spec": {**spec, "restartPolicy": "Never"}}
    job = {"template": template, "parallelism": 1}
    objects: list[Object] = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]},
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": job},
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": meta,
            "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": job}},
        },
    ]
    for manifest in objects:
        # The service account does not exist in this namespace; a controller would say so, the policy does not care.
        template["spec"].pop("serviceAccountName", None)
        assert api.create(manifest, dry_run=True) == (201, "")
    template["spec"]["containers"][0]["image"] = "x:1"
    for manifest in objects:
        status, message = api.create(manifest, dry_run=True)
        assert status == 403 and "no digest: x:1" in message


def test_other_namespaces_are_left_alone(api: Api) -> None:
    free = deployment(lambda d: container(d).update(image="x:1"))
    free["metadata"]["namespace"] = "platform"
    assert api.create(free, dry_run=True) == (201, "")
