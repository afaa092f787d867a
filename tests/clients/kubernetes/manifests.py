"""What the tests of this room apply."""

from __future__ import annotations

from typing import Any


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def config_map(room: str, name: str = "settings", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": room}, "data": data}


def deployment(room: str, name: str = "web", replicas: Any = 1, image: str = "web:1", gpus: int = 0) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "web", "image": image}
    if gpus:
        container["resources"] = {"limits": {"nvidia.com/gpu": str(gpus)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": room},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def definition(kind: str = "Model", group: str = "acme.test") -> dict[str, Any]:
    """Return the definition of a custom kind with one whole number, ``spec.gpus``."""
    spec = {"type": "object", "properties": {"gpus": {"type": "integer"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "shortNames": [f"{kind.lower()[:3]}x"]},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def role(room: str, name: str, verbs: list[str], resources: list[str], subject: dict[str, str]) -> list[dict[str, Any]]:
    """Return a Role of the core group and of apps, and its binding to *subject*."""
    api, meta = "rbac.authorization.k8s.io", {"name": name, "namespace": room}
    rules = [{"apiGroups": ["", "apps"], "resources": resources, "verbs": verbs}]
    ref = {"apiGroup": api, "kind": "Role", "name": name}
    return [
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {"apiVersion": f"{api}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": [subject]},
    ]


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}
