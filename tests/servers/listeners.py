"""Every listener of a running course: what it speaks, how it asks who one is. None may be there undeclared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Listener:
    """One port of a service.

    Attributes:
        speaks: ``http``, ``https``; ``mutual``: TLS that wants a client's certificate; ``redis``.
        protected: a request (method and path) that a stranger must be refused; empty where everybody may ask.
        ours: it is a program of ours, and refuses foreign hosts and web pages before anything else.
        why: why everybody may ask what everybody may ask; empty where nobody may ask anything.
    """

    speaks: Literal["http", "https", "mutual", "redis"]
    protected: str = ""
    ours: bool = False
    why: str = ""


#: A port that the service did not ask the supervisor for.
UNNAMED = "?"
_HEALTH = "health and numbers of a controller; names of applications and namespaces, no content"

LISTENERS: dict[str, dict[str, Listener]] = {
    "cloud": {"http": Listener("https", "GET /vision-data", ours=True)},
    "oci": {"http": Listener("https", "GET /v2/_catalog", ours=True)},
    "registry": {
        "http": Listener("https", "POST /v1/admin/tokens", ours=True, why="modules are read by everybody"),
        "pages": Listener("http", "POST /v1/admin/tokens", ours=True, why="pages for people, who have no token"),
    },
    "git": {"http": Listener("https", "GET /api/repositories", ours=True)},
    "kubernetes": {
        "api": Listener("https", "GET /api/v1/secrets"),
        "etcd": Listener("mutual"),
        "peer": Listener("mutual"),
        "controllers": Listener("https", "GET /metrics", why="health"),
        "scheduler": Listener("https", "GET /metrics", why="health"),
        "kwok": Listener("http", why=_HEALTH),
    },
    "gitops": {
        "api": Listener("https", "GET /api/v1/applications", why="the page to log in on"),
        "redis": Listener("redis"),
        "repo": Listener("mutual"),
        "repo-metrics": Listener("http", why=_HEALTH),
        "controller": Listener("http", why=_HEALTH),
        "sets": Listener("http", why=_HEALTH),
        "sets-metrics": Listener("http", why=_HEALTH),
        "sets-webhook": Listener("http", "GET /", why="an event only has a look made earlier"),
        "api-metrics": Listener("http", why=_HEALTH),
    },
    "flux": {
        "source": Listener("http", "GET /externalartifact/", ours=True, why="who knows an archive's SHA-256 has it"),
        "health": Listener("http", why=_HEALTH),
        "metrics": Listener("http", why=_HEALTH),
    },
    "vault": {"https": Listener("https", "GET /v1/secret/data/vision/model-key"), "cluster": Listener("mutual")},
    "secret-sync": {"http": Listener("http", "POST /", ours=True, why=_HEALTH)},
    "audit": {
        "http": Listener("https", "GET /checkpoint", ours=True),
        "witness-a": Listener("https", "GET /checkpoint?origin=x", ours=True),
        "witness-b": Listener("https", "GET /checkpoint?origin=x", ours=True),
    },
    "image-admission": {"http": Listener("https", "GET /", ours=True, why="a verdict on an image is no secret")},
    "sigstore": {
        "https": Listener("https", "POST /people/token", ours=True, why="an issuer's public keys"),
        "fulcio": Listener("https", "POST /api/v2/signingCert", why="the authority's public certificate"),
        "grpc": Listener("https", "POST /dev.sigstore.fulcio.v2.CA/CreateSigningCertificate"),
        # Fulcio's and the authority's numbers, on ports that the system chooses.
        UNNAMED: Listener("http", why="numbers of requests, no content"),
        "tsa": Listener("http", why="signs the time for everybody, as every timestamp authority does"),
    },
}
