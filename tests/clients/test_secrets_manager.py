"""Secrets Manager on the local cloud: versions, stages, rotation, and nothing shown."""

from __future__ import annotations

import dataclasses

import pytest

from helpers.clients.aws import cloud
from helpers.clients.aws.secrets_manager import NoSuchSecret, RotationFailed, Secret, SecretsManager, SecretsManagerDown
from helpers.core.errors import BadInput
from helpers.core.redact import redact
from helpers.runtime import services

CANARY = "canary-3e77-value"


@pytest.fixture(scope="module")
def manager(isolated: None) -> SecretsManager:
    return SecretsManager("vision")


def test_values_are_hidden_until_revealed(manager: SecretsManager) -> None:
    secret = manager.put("vision/hidden", {"api-key": CANARY, "user": "bot"})
    assert repr(secret) == "Secret(vision/hidden AWSCURRENT: api-key=(sensitive value), user=(sensitive value))"
    assert not any(
        CANARY in text for text in (str(vars(secret)), secret._repr_html_(), str(dataclasses.asdict(secret)))
    )
    assert redact(CANARY) == CANARY
    assert secret.reveal("api-key") == CANARY
    assert CANARY not in redact(f"key={CANARY}")
    with pytest.raises(NoSuchSecret, match="api-key, user"):
        secret.reveal("other")


def test_a_new_version_makes_the_old_one_previous(manager: SecretsManager) -> None:
    manager.put("vision/staged", {"n": "first"}, description="of the team")
    manager.put("vision/staged", {"n": "second"})
    assert manager.get("vision/staged").reveal("n") == "second"
    previous = manager.get("vision/staged", stage="AWSPREVIOUS")
    assert previous.reveal("n") == "first"
    assert manager.get("vision/staged", version_id=previous.version_id).reveal("n") == "first"
    assert sorted(version.stages for version in manager.versions("vision/staged")) == [
        ("AWSCURRENT",),
        ("AWSPREVIOUS",),
    ]
    about = manager.describe("vision/staged")
    assert (about.description, about.rotated, about.deleted) == ("of the team", None, None)


def test_rotation_goes_by_pending_and_keeps_the_other_keys(manager: SecretsManager) -> None:
    before = manager.put("vision/rotated", {"password": "first-one", "user": "bot"})
    seen: list[Secret] = []

    def tried(pending: Secret) -> None:
        assert pending.stages == ("AWSPENDING",)
        assert manager.get("vision/rotated").reveal("password") == "first-one"
        seen.append(pending)

    after = manager.rotate("vision/rotated", "password", set=tried, test=tried)
    assert after.stages == ("AWSCURRENT",) and len(seen) == 2
    assert after.reveal("password") == seen[0].reveal("password") != "first-one"
    assert after.reveal("user") == "bot"
    assert manager.get("vision/rotated", stage="AWSPREVIOUS").version_id == before.version_id
    assert manager.describe("vision/rotated").rotated is not None


def test_a_rotation_that_does_not_work_changes_nothing(manager: SecretsManager) -> None:
    before = manager.put("vision/kept", {"password": "works-today"})

    def test(pending: Secret) -> None:
        raise ValueError(f"refused with {pending.reveal('password')}")

    with pytest.raises(RotationFailed, match="step test") as caught:
        manager.rotate("vision/kept", "password", test=test)
    assert "[redacted]" in str(caught.value)
    assert manager.get("vision/kept") == before
    with pytest.raises(NoSuchSecret):
        manager.get("vision/kept", stage="AWSPENDING")
    # The next one works.
    assert manager.rotate("vision/kept", "password").reveal("password") != "works-today"


def test_a_secret_may_be_one_text(manager: SecretsManager) -> None:
    assert manager.put("vision/text", "just-a-text").keys == ("value",)
    assert manager.rotate("vision/text").reveal() != "just-a-text"
    assert manager.get("vision/text").plain
    # A JSON object stays one, whatever its key is called.
    manager.put("vision/text", {"value": "in-an-object"})
    assert not manager.rotate("vision/text").plain


def test_accounts_do_not_see_each_other(manager: SecretsManager) -> None:
    manager.put("vision/own", "vision-only")
    with pytest.raises(NoSuchSecret, match=cloud.ACCOUNTS["speech"]):
        SecretsManager("speech").get("vision/own")
    assert "vision/own" in manager.names() and "vision/own" not in SecretsManager("speech").names()


def test_deleted_is_told_from_never_there_and_comes_back(manager: SecretsManager) -> None:
    manager.put("vision/gone", "value-of-it")
    manager.delete("vision/gone")
    with pytest.raises(NoSuchSecret, match="marked for deletion"):
        manager.get("vision/gone")
    manager.restore("vision/gone")
    assert manager.get("vision/gone").reveal() == "value-of-it"


@pytest.mark.parametrize("values", ["", {}, {"n": 1}, None])
def test_what_is_no_secret_is_refused(manager: SecretsManager, values: object) -> None:
    with pytest.raises(BadInput):
        manager.put("vision/bad", values)  # type: ignore[arg-type]


def test_a_cloud_that_does_not_answer_is_said(manager: SecretsManager, monkeypatch: pytest.MonkeyPatch) -> None:
    manager.put("vision/down", "value-of-it")
    here = services.ensure("cloud").url
    cloud.assume("vision")
    monkeypatch.setattr(cloud, "url", lambda: "http://127.0.0.1:9")
    monkeypatch.setattr(cloud, "assume", lambda *_: cloud.Credentials("2", "a", "b", "c"))
    with pytest.raises(SecretsManagerDown, match="course services start cloud"):
        manager.get("vision/down")
    assert here != "http://127.0.0.1:9"
