"""Who gets in: what the NetworkPolicies of a namespace say, read as Kubernetes reads them.

The course's cluster has no network between pods, so nobody can knock. What a policy lets in follows from the rules of
`networking.k8s.io/v1` alone: a pod that no policy selects is open to all; else the rules of those that do add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Pod:
    """A pod and where it is; the labels of its namespace count too."""

    namespace: str
    labels: Labels = field(default_factory=dict)
    of_namespace: Labels = field(default_factory=dict)


def gets_in(policies: Iterable[Mapping[str, Any]], guest: Pod, host: Pod) -> bool:
    """Return whether *guest* may connect to *host*, on any port.

    Args:
        policies: the specs of the NetworkPolicies in the host's namespace. An address range (``ipBlock``) counts as
            one that holds the guest: nobody promises which address a pod has.
    """
    mine = [one for one in policies if _inbound(one) and selects(one.get("podSelector"), host.labels)]
    rules = [rule or {} for one in mine for rule in one.get("ingress") or ()]
    return not mine or any(not rule.get("from") or _any_peer(rule["from"], guest, host) for rule in rules)


def _inbound(policy: Mapping[str, Any]) -> bool:
    # As the API server fills it in: what has no policyTypes is about ingress.
    return "Ingress" in (policy.get("policyTypes") or ["Ingress"])


def _any_peer(peers: Iterable[Mapping[str, Any]], guest: Pod, host: Pod) -> bool:
    return any(_is_peer(one, guest, host) for one in peers)


def _is_peer(peer: Mapping[str, Any], guest: Pod, host: Pod) -> bool:
    if "ipBlock" in peer:
        return True
    if "namespaceSelector" in peer:
        home = {"kubernetes.io/metadata.name": guest.namespace, **guest.of_namespace}
        if not selects(peer["namespaceSelector"], home):
            return False
    elif guest.namespace != host.namespace:
        return False
    return selects(peer.get("podSelector"), guest.labels)


def selects(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Return whether a label selector matches; an empty one matches everything."""
    said = selector or {}
    equal = all(labels.get(name) == value for name, value in (said.get("matchLabels") or {}).items())
    return equal and all(_holds(one, labels) for one in said.get("matchExpressions") or ())


def _holds(rule: Mapping[str, Any], labels: Labels) -> bool:
    name, values = rule["key"], rule.get("values") or ()
    return {
        "In": labels.get(name) in values,
        "NotIn": labels.get(name) not in values,
        "Exists": name in labels,
        "DoesNotExist": name not in labels,
    }[rule["operator"]]
