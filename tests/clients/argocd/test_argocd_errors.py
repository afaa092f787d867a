"""What Argo CD says, by its sources, becomes the right error: why it refused, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.clients.argocd import errors
from helpers.clients.argocd.errors import ArgoError, from_answer, from_application, from_message, from_operation
from helpers.clients.argocd.types import Application, Operation


def answer(code: int, message: str, status: int = 400, object: str = "application shop") -> ArgoError:
    return from_answer(status, {"code": code, "message": message}, who="vision", action="sync", object=object)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("cannot sync: blocked by sync window", "sync-window"),
        ("another operation is already in progress", "operation-in-progress"),
        ("rollback cannot be initiated when auto-sync is enabled", "auto-sync"),
        ("Cannot sync to abc: auto-sync currently set to main", "auto-sync"),
        ("application is deleting", "deleting"),
        ("GIT/GPG: Failed verifying revision abc by 'Ada': unsigned (key_id=)", "signature"),
        ("GIT/GPG: Failed verifying revision abc by 'Ada': signed with unallowed key (key_id=1)", "signature"),
    ],
)
def test_a_refused_sync_says_why(message: str, reason: str) -> None:
    error = answer(9, message)
    assert isinstance(error, errors.SyncRefused)
    assert error.reason == reason
    assert message in error.why
    assert error.next
    assert "{" not in error.next


def test_a_project_is_named_without_the_punctuation_after_it() -> None:
    kinds = "resource :Secret is not permitted in project lecture-vision; resource apps:DaemonSet is not permitted"
    error = from_message(kinds, "shop")
    assert isinstance(error, errors.ProjectForbids)
    assert error.project == "lecture-vision"


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ('Get "http://127.0.0.1:9/x.git/info/refs": dial tcp 127.0.0.1:9: connect: connection refused', "git"),
        ("repository not accessible: failed to list refs: authentication required: Unauthorized", "credentials"),
        ("unable to resolve 'nope' to a commit SHA", "revision"),
        ("apps/nope: app path does not exist", "path"),
        ("`kustomize build app` failed exit status 1: Error: app/x.yaml: no such file or directory", "manifest"),
        ('Failed to unmarshal "a.yaml": error converting YAML to JSON: did not find expected key', "manifest"),
    ],
)
def test_a_failed_comparison_says_over_what(message: str, cause: str) -> None:
    condition = {
        "type": "ComparisonError",
        "message": f"Failed to load target state: rpc error: code = Unknown desc = {message}",
    }
    application = Application.from_json({"metadata": {"name": "shop"}, "status": {"conditions": [condition]}})
    error = from_application(application)
    assert isinstance(error, errors.ComparisonFailed)
    assert error.cause == cause
    assert "rpc error" not in str(error)
    assert "shop" in error.what


def test_a_denial_tells_who_wanted_what() -> None:
    error = answer(7, "permission denied: applications, sync, speech/shop, sub: vision, iat: 2026-01-01T00:00:00Z", 403)
    assert isinstance(error, errors.PermissionDenied)
    assert (error.who, error.action, error.object) == ("vision", "sync", "applications speech/shop")
    vague = answer(7, "permission denied", 403)
    assert isinstance(vague, errors.PermissionDenied)
    assert (vague.action, vague.object) == ("sync", "application shop")


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"),
    [
        (16, 401, "no session information", errors.NotLoggedIn),
        (5, 404, 'applications.argoproj.io "shop" not found', errors.ArgoNotFound),
        (14, 503, "connection error", errors.Unreachable),
        (3, 400, "existing application spec is different", errors.Invalid),
        (13, 500, "something new", errors.ArgoError),
        (9, 400, "something is in the way", errors.SyncRefused),
        (
            3,
            400,
            "application destination server 'x' and namespace 'y' do not match any of the allowed destinations in "
            "project 'vision'",
            errors.ProjectForbids,
        ),
    ],
)
def test_other_answers_have_their_types(code: int, status: int, message: str, kind: type[ArgoError]) -> None:
    error = answer(code, message, status)
    assert type(error) is kind
    assert message in error.why


def test_an_answer_that_is_no_json_is_an_error_too() -> None:
    error = from_answer(502, "<html>bad gateway</html>", who="vision", action="get", object="application shop")
    assert isinstance(error, errors.Unreachable)


def test_a_failed_operation_tells_of_each_resource() -> None:
    raw: dict[str, Any] = {
        "phase": "Failed",
        "message": "one or more objects failed to apply",
        "syncResult": {
            "resources": [
                {
                    "kind": "Deployment",
                    "name": "a",
                    "status": "SyncFailed",
                    "message": 'admission webhook "x" denied it',
                },
                {"kind": "Service", "name": "b", "status": "Synced", "message": "created"},
            ]
        },
    }
    error = from_operation(Operation.from_json(raw), "shop")
    assert isinstance(error, errors.SyncFailed)
    assert 'Deployment a: admission webhook "x" denied it' in error.why
    assert "Service" not in error.why
    assert error.operation is not None


def test_ordinary_messages_mean_no_error() -> None:
    assert from_message("successfully synced (all tasks run)", "shop") is None
    healthy = {"metadata": {"name": "shop"}, "status": {"operationState": {"phase": "Succeeded"}}}
    assert from_application(Application.from_json(healthy)) is None
