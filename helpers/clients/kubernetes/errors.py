"""What the Kubernetes API refuses, as types: who is concerned, why, and what to do next.

Source: the API's ``Status`` object (``reason``, ``message``, ``details.causes``), read by `_status`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from helpers.clients.kubernetes.types import Applied
from helpers.core.errors import CourseError

__all__ = [
    "AdmissionRefused",
    "AlreadyExists",
    "BadKubeconfig",
    "Conflict",
    "FieldConflict",
    "FieldError",
    "Forbidden",
    "Invalid",
    "KubernetesError",
    "ObjectNotFound",
    "QuotaExceeded",
    "TimedOut",
    "UnknownKind",
    "Unreachable",
]


class FieldError(NamedTuple):
    """One field that is wrong: its path (``spec.replicas``), what is wrong, the API's word (``FieldValueInvalid``)."""

    field: str
    message: str
    reason: str = ""


class FieldConflict(NamedTuple):
    """One field that another field manager owns. *how* is the kind of its change: ``apps/v1``, ``Apply`` or empty."""

    manager: str
    field: str
    how: str = ""


class KubernetesError(CourseError):
    """Base of the errors of this package; itself an answer that is none of the kinds below.

    Attributes:
        reason: the API's one word (``NotFound``, ``Forbidden``, ...); empty when it gave none.
        status: HTTP status; 0 when there was no answer.
        applied: of an apply of several objects, what was applied before this one.
    """

    code = "kubernetes-error"
    reason = ""
    status = 0
    applied: tuple[Applied, ...] = ()


class ObjectNotFound(KubernetesError):
    """The object, or the namespace it should be in, is not there."""

    code = "kubernetes-not-found"

    def __init__(self, what: str, kind: str = "", name: str = "", *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.kind, self.name = kind, name


class UnknownKind(ObjectNotFound):
    """The cluster has no such kind; for a custom resource, its definition is not installed."""

    code = "kubernetes-unknown-kind"


class Forbidden(KubernetesError):
    """RBAC does not let *who* do *verb* on *what* (``deployments.apps``) in *namespace* (empty: cluster-wide)."""

    code = "kubernetes-forbidden"

    def __init__(
        self, what: str, who: str, verb: str, resource: str, namespace: str = "", *, why: str = "", next: str = ""
    ) -> None:
        super().__init__(what, why=why, next=next)
        # `CourseError.what` is the sentence; the resource has a name of its own.
        self.who, self.verb, self.resource, self.namespace = who, verb, resource, namespace


class AdmissionRefused(KubernetesError):
    """A rule of the cluster refused the object.

    Attributes:
        policy: name of the rule: a ValidatingAdmissionPolicy, a webhook, ``PodSecurity restricted``, ``LimitRange``...
        binding: of a ValidatingAdmissionPolicy, the binding that chose it.
        message: the rule's own words.
    """

    code = "kubernetes-admission-refused"

    def __init__(
        self, what: str, policy: str, message: str, *, binding: str = "", why: str = "", next: str = ""
    ) -> None:
        super().__init__(what, why=why, next=next)
        self.policy, self.binding, self.message = policy, binding, message


class QuotaExceeded(KubernetesError):
    """The namespace's *quota* has not enough left; *asked*, *used* and *limit* are amounts by resource."""

    code = "kubernetes-quota-exceeded"

    def __init__(
        self,
        what: str,
        quota: str,
        asked: Mapping[str, str],
        used: Mapping[str, str],
        limit: Mapping[str, str],
        *,
        why: str = "",
        next: str = "",
    ) -> None:
        super().__init__(what, why=why, next=next)
        self.quota, self.asked, self.used, self.limit = quota, dict(asked), dict(used), dict(limit)


class Invalid(KubernetesError):
    """The object does not fit its kind; *fields* says where."""

    code = "kubernetes-invalid"

    def __init__(self, what: str, fields: Sequence[FieldError] = (), *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.fields = tuple(fields)


class Conflict(KubernetesError):
    """Someone else changed the object meanwhile, or owns fields of it (*conflicts*)."""

    code = "kubernetes-conflict"

    def __init__(self, what: str, conflicts: Sequence[FieldConflict] = (), *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.conflicts = tuple(conflicts)


class AlreadyExists(KubernetesError):
    """There is an object of that name."""

    code = "kubernetes-exists"


class Unreachable(KubernetesError):
    """The API server does not answer, or not yet."""

    code = "kubernetes-unreachable"


class BadKubeconfig(KubernetesError):
    """The kubeconfig cannot be used: missing, broken, or with credentials that this cluster does not accept."""

    code = "kubernetes-bad-kubeconfig"
    exit_code = 2


class TimedOut(KubernetesError):
    """What was waited for did not happen; *missing* says, line by line, what is not there yet."""

    code = "kubernetes-timed-out"

    def __init__(self, what: str, missing: Sequence[str] = (), *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.missing = tuple(missing)
