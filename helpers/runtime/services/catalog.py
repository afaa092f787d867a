"""The services of the course: name -> where its declaration is.

A declaration is imported when the service is first asked for, so that the programs of `helpers.servers` stay above
this room and a notebook that needs one service pays for one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from helpers.runtime.services.spec import ServiceSpec

#: In the order they are listed; a service comes after those it needs.
DECLARATIONS = {
    "cloud": "helpers.servers.cloud.spec:SPEC",
    "oci": "helpers.servers.oci.spec:SPEC",
    "registry": "helpers.servers.registry_server.spec:SPEC",
    "git": "helpers.servers.git_server.spec:SPEC",
    "kubernetes": "helpers.runtime.services.control_plane.spec:SPEC",
    "gitops": "helpers.runtime.services.gitops.spec:SPEC",
    "flux": "helpers.servers.flux.spec:SPEC",
    "vault": "helpers.runtime.services.vault:SPEC",
    "secret-sync": "helpers.servers.secret_sync.spec:SPEC",
    "audit": "helpers.servers.audit_log.spec:SPEC",
    "image-admission": "helpers.servers.image_admission.spec:SPEC",
    "sigstore": "helpers.runtime.services.sigstore:SPEC",
}


class Catalog(Mapping[str, ServiceSpec]):
    """Declarations by name, each imported at its first use.

    Args:
        declarations: name -> ``module:attribute`` of a `ServiceSpec`.
    """

    def __init__(self, declarations: Mapping[str, str]) -> None:
        self._declarations = dict(declarations)

    def __getitem__(self, name: str) -> ServiceSpec:
        module, _, attribute = self._declarations[name].partition(":")
        spec: ServiceSpec = getattr(importlib.import_module(module), attribute)
        return spec

    def __iter__(self) -> Iterator[str]:
        return iter(self._declarations)

    def __len__(self) -> int:
        return len(self._declarations)

    def __contains__(self, name: object) -> bool:
        return name in self._declarations


SPECS = Catalog(DECLARATIONS)
