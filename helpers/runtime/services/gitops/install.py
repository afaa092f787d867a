"""What Argo CD needs in the cluster before its processes start: its types, settings, accounts and their rights."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.control_plane.types import install_types
from helpers.runtime.services.gitops.accounts import ACCOUNTS, TEAMS, password
from helpers.runtime.services.pki import Pair

NAMESPACE = "argocd"
_V1 = f"/api/v1/namespaces/{NAMESPACE}"
_PROJECTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/appprojects"
_SERVED = {"/apis/argoproj.io/v1alpha1": ("applications", "appprojects", "applicationsets")}
#: Seconds between two looks at Git; a learner does not wait for minutes.
RECONCILE, JITTER = 20, 5


def settings() -> dict[str, str]:
    """Return what the course adds to Argo CD's own ConfigMap ``argocd-cm``."""
    return {
        "timeout.reconciliation": f"{RECONCILE}s",
        "timeout.reconciliation.jitter": f"{JITTER}s",
        "application.resourceTrackingMethod": "annotation",
        # A project may name the service account its syncs act as, so that RBAC of the cluster holds for the team; a
        # project that names none syncs with the rights of Argo CD.
        "application.sync.impersonation.enabled": "true",
        "application.sync.impersonation.enforced": "false",
        # The health of an Application shows in the one that manages it: App-of-Apps needs it.
        "resource.customizations.health.argoproj.io_Application": (
            'hs = {status = "Progressing", message = ""}\n'
            "if obj.status ~= nil and obj.status.health ~= nil then\n"
            "  hs.status = obj.status.health.status\n"
            "  hs.message = obj.status.health.message\n"
            "end\nreturn hs\n"
        ),
        **{f"accounts.{team}": "apiKey, login" for team in TEAMS},
    }


def rights() -> str:
    """Return Argo CD's RBAC policy: a team may do everything in its own project, and nothing elsewhere."""
    lines = []
    for team in TEAMS:
        lines += [
            f"p, role:{team}, applications, *, {team}/*, allow",
            f"p, role:{team}, projects, get, {team}, allow",
            f"p, role:{team}, repositories, get, *, allow",
            f"p, role:{team}, logs, get, {team}/*, allow",
            f"g, {team}, role:{team}",
        ]
    return "\n".join(lines) + "\n"


def install(api: Rest, share: Path, directory: Path, server: Pair) -> None:
    """Apply all of it; run again it changes only what differs.

    Args:
        api: the control plane.
        share: files that came with Argo CD's module.
        directory: directory of the service, where passwords are.
        server: certificate of Argo CD's API server.
    """
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    install_types(api, share / "crds", NAMESPACE, _SERVED)
    for path in sorted((share / "config").glob("*-cm.yaml")):
        config: dict[str, Any] = yaml_reader.load(path.read_bytes())
        name = config["metadata"]["name"]
        extra = {"argocd-cm": settings(), "argocd-rbac-cm": {"policy.default": "", "policy.csv": rights()}}.get(
            name, {}
        )
        if extra:
            config["data"] = {**config.get("data", {}), **extra}
            api.apply(f"{_V1}/configmaps/{name}", config)
        else:
            # Learners add signing keys and hosts to these.
            api.create(f"{_V1}/configmaps", config)
    api.apply(f"{_V1}/secrets/argocd-secret", _secret(api, directory, server))
    api.create(_PROJECTS, _default_project())


def _secret(api: Rest, directory: Path, server: Pair) -> dict[str, Any]:
    """Return ``argocd-secret``; hashes that still fit are kept, so that nobody is logged out."""
    import bcrypt  # a compiled module, only when Argo CD is set up

    found = api.get(f"{_V1}/secrets/argocd-secret")
    old = {key: base64.b64decode(value) for key, value in (found or {}).get("data", {}).items()}
    data = {"tls.crt": server.cert.read_bytes(), "tls.key": server.key.read_bytes()}
    data["server.secretkey"] = old.get("server.secretkey") or secrets.token_urlsafe(32).encode()
    for name in ACCOUNTS:
        key = "admin.password" if name == "admin" else f"accounts.{name}.password"
        word = password(directory, name).encode()
        kept = old.get(key, b"")
        fits = bool(kept) and bcrypt.checkpw(word, kept)
        data[key] = kept if fits else bcrypt.hashpw(word, bcrypt.gensalt(8))
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        data[f"{key}Mtime"] = old.get(f"{key}Mtime", now) if fits else now
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "argocd-secret", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def _default_project() -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }
