"""The address on loopback that the OCI registry listens on.

Clients built on go-containerregistry (crane, cosign, Syft) fall back to HTTP without TLS on 127.0.0.1 and localhost
(pkg/name/registry.go, v0.22.1), and an impostor there would be sent the account. On any other address of loopback they
insist on TLS.
"""

from __future__ import annotations

HOST = "127.0.0.2"
