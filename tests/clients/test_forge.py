"""The forge through its client: people, clones, pull requests, approvals, merges, the audit log."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.clients.forge import (
    ApprovalRefused,
    BadPolicy,
    Exists,
    Forge,
    ForgeNotFound,
    MergeRefused,
    PermissionRefused,
    Policy,
    PushRefused,
    UnknownPerson,
)
from helpers.clients.forge.client import _sign
from helpers.clients.forge.statement import Statement
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.wrappers.git import AccessDenied, AlreadyExists, Git, RemoteUnreachable, generate_ssh_key

NO_GATES = {"gates": False}
_count = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def server(isolated: None) -> services.Service:
    return services.ensure("git")


@pytest.fixture
def name() -> str:
    return f"inference-{next(_count)}"


@pytest.fixture
def git(name: str, tmp_path: Path) -> Iterator[Git]:
    """The learner's clone of a new repository, whose main has one commit."""
    Forge().create(name, policy=NO_GATES)
    git = Forge().clone(name, tmp_path / "learner")
    change(git, "one")
    git.push("origin", "main", set_upstream=True)
    yield git
    git.run(["fsck", "--strict"])


def change(git: Git, text: str, **options: object) -> str:
    (git.workdir / "replicas").write_text(text)
    git.add("replicas")
    return git.commit(f"Set replicas to {text}", **options).sha  # type: ignore[arg-type]


def propose(git: Git, name: str, text: str = "two", branch: str = "more") -> str:
    git.switch(branch, create=True)
    sha = change(git, text)
    git.push("origin", branch)
    Forge().open_pull(name, branch, title=f"Set {text}")
    return sha


def tip(git: Git, branch: str = "main") -> str:
    git.fetch()
    return git.rev_parse(f"origin/{branch}")


def test_the_people_of_the_story_have_keys_and_tokens_that_nobody_else_can_read() -> None:
    people = {person.name: person for person in Forge().people()}
    assert set(people) == {"learner", "ada", "bela", "mallory", "argocd"}
    assert people["ada"].role == "admin" and people["argocd"].role == "reader"
    assert people["learner"].trusted and not people["mallory"].trusted
    folder = services.data("git").parent
    for path in folder.rglob("*"):
        if "objects" not in path.parts and path.name not in ("log", "service.json"):
            assert path.stat().st_mode & 0o077 == 0 or path.suffix == ".pub", path
    signers = Forge().allowed_signers()
    assert "bela@acme.test" in signers and "mallory" not in signers


def test_a_clone_signs_finds_its_token_and_verifies(name: str, git: Git) -> None:
    token = Forge().credentials().password
    config = (git.workdir / ".git" / "config").read_text()
    assert token not in config and token not in repr(Forge().credentials())
    commit = git.log(n=1, signatures=True)[0]
    assert commit.signature == "verified" and commit.signer == commit.committer_email == "learner@acme.test"
    assert Forge().repository(name).branches == {"main": commit.sha}
    again = Forge().clone(name, git.workdir)
    assert again.log(n=1)[0].sha == commit.sha
    (git.workdir.parent / "full").mkdir()
    (git.workdir.parent / "full" / "file").touch()
    with pytest.raises(AlreadyExists):
        Forge().clone(name, git.workdir.parent / "full")
    with pytest.raises(ForgeNotFound, match="create"):
        Forge().clone("nothing-here", git.workdir.parent / "new")


def test_a_learner_can_push_from_a_terminal(git: Git) -> None:
    change(git, "two")
    done = process.run(["git", "push", "origin", "HEAD:refs/heads/by-hand"], cwd=git.workdir)
    assert done.returncode == 0, done.stderr
    assert tip(git, "by-hand") == git.rev_parse()


def test_a_change_lands_by_pull_request_and_another_persons_approval(name: str, git: Git) -> None:
    head = propose(git, name)
    pull = Forge().pull(name, 1)
    assert (pull.author, pull.source, pull.target, pull.head, pull.state) == ("learner", "more", "main", head, "open")
    assert not pull.ready and "no approval by another person" in pull.blockers[0]
    with pytest.raises(MergeRefused, match="no approval") as refused:
        Forge().merge(name, 1)
    assert refused.value.blockers == pull.blockers
    approved = Forge("bela").approve(name, 1)
    assert approved.ready and approved.blockers == ()
    assert [(a.person, a.commit, a.valid) for a in approved.approvals] == [("bela", head, True)]
    merged = Forge().merge(name, 1)
    assert (merged.state, merged.merged_by, merged.head) == ("merged", "learner", head)
    assert tip(git) == head
    assert git.log("origin/main", n=1, signatures=True)[0].signature == "verified"
    assert merged.approvals[0].valid
    with pytest.raises(Exists, match="is merged"):
        Forge().merge(name, 1)


def test_an_approval_is_a_signed_tag_that_anybody_can_verify(name: str, git: Git) -> None:
    head = propose(git, name)
    Forge("bela").approve(name, 1)
    git.run(["fetch", "--quiet", "origin", "refs/approvals/1/bela:refs/tags/bela"])
    check = git.verify_tag("bela")
    assert check and check.signer == "bela@acme.test"
    text = git.run(["cat-file", "tag", "bela"]).stdout
    assert f"object {head}" in text and f"Repository: {name}\n" in text and "Target: main\n" in text


def test_ones_own_change_and_a_strangers_key_do_not_count(name: str, git: Git) -> None:
    propose(git, name)
    with pytest.raises(ApprovalRefused, match="earner wrote the change"):
        Forge().approve(name, 1)
    with pytest.raises(ApprovalRefused, match="not in allowed_signers"):
        Forge("mallory").approve(name, 1)
    with pytest.raises(PermissionRefused):
        Forge("argocd").approve(name, 1)
    assert Forge().pull(name, 1).approvals == ()


def test_who_signed_a_commit_of_the_change_cannot_approve_it(name: str, git: Git, tmp_path: Path) -> None:
    propose(git, name)
    bela = Forge("bela").clone(name, tmp_path / "bela")
    bela.switch("more")
    change(bela, "three")
    bela.push("origin", "more")
    with pytest.raises(ApprovalRefused, match="signed a commit of the change"):
        Forge("bela").approve(name, 1)
    assert Forge("ada").approve(name, 1).ready


def test_a_new_push_makes_an_approval_outdated_and_says_so(name: str, git: Git) -> None:
    old = propose(git, name)
    Forge("bela").approve(name, 1)
    new = change(git, "three")
    done = process.run(["git", "push", "origin", "more"], cwd=git.workdir)
    assert "the approval of bela is outdated by this push" in done.stderr
    pull = Forge().pull(name, 1)
    assert not pull.approvals[0].valid and "outdated" in pull.approvals[0].reason and pull.head == new
    with pytest.raises(MergeRefused, match=f"outdated, as it was for {old[:10]}"):
        Forge().merge(name, 1)
    Forge("bela").approve(name, 1)
    assert Forge().merge(name, 1).state == "merged" and tip(git) == new


def forged(repository: str, signer: str, /, **said: object) -> str:
    """Return an approval as an attacker would make it: any statement, signed by *signer*."""
    me = Forge(signer).identity
    facts: dict[str, object] = {
        "repository": repository,
        "pull": 1,
        "target": "main",
        "person": signer,
        "name": me.name,
        "email": me.email,
        "at": datetime.now(UTC),
        **said,
    }
    text = Statement(**facts).text()  # type: ignore[arg-type]
    return text + _sign(text, me)


def test_an_approval_cannot_be_forged_or_used_elsewhere(name: str, git: Git) -> None:
    head = propose(git, name)

    def send(who: str, tag: str) -> None:
        Forge(who)._call("POST", f"/api/repositories/{name}/pulls/1/approvals", {"tag": tag})

    bela = Forge("bela").identity
    good = forged(name, "bela", commit=head)
    for who, tag, why in (
        ("learner", good, "cannot approve for bela"),
        ("bela", good.split("-----BEGIN")[0], "not signed"),
        ("bela", good.replace("Bela <", "Bella <"), "does not match"),
        ("bela", forged(name, "bela", commit=head, repository="other"), "for the repository other"),
        ("bela", forged(name, "bela", commit=head, target="prod"), "for prod"),
        ("bela", forged(name, "bela", commit=git.rev_parse("main")), "moved on"),
        ("mallory", forged(name, "mallory", commit=head, person="bela", name=bela.name, email=bela.email), "bela"),
        ("bela", forged(name, "learner", commit=head, person="bela", name=bela.name, email=bela.email), "signed by"),
    ):
        with pytest.raises(ApprovalRefused, match=why):
            send(who, tag)
    for tag in (forged(name, "bela", commit=head, pull=2), "nonsense", ""):
        with pytest.raises(ApprovalRefused, match="not an approval of this pull request"):
            send("bela", tag)
    assert Forge().pull(name, 1).approvals == ()
    send("bela", good)
    assert Forge().pull(name, 1).ready


def test_approvals_are_given_and_not_pushed(name: str, git: Git) -> None:
    head = propose(git, name)
    with pytest.raises(PushRefused, match="refs/approvals/1/bela cannot be pushed"):
        git.push("origin", f"{head}:refs/approvals/1/bela")


def test_only_a_fast_forward_lands(name: str, git: Git) -> None:
    propose(git, name)
    git.switch("main")
    git.switch("other", create=True)
    (git.workdir / "limits").write_text("2")
    git.add("limits")
    git.commit("Set limits")
    git.push("origin", "other")
    Forge().open_pull(name, "other", title="Limits")
    for number in (1, 2):
        Forge("bela").approve(name, number)
    Forge().merge(name, 1)
    with pytest.raises(MergeRefused, match="not a fast-forward") as refused:
        Forge().merge(name, 2)
    assert "git pull --rebase origin main" in refused.value.next
    assert not Forge().pulls(name)[1].ready
    git.pull("origin", "main", ff_only=False)
    git.push("origin", "other")
    Forge("bela").approve(name, 2)
    assert Forge().merge(name, 2).state == "merged"


def test_an_approved_commit_may_also_be_pushed(name: str, git: Git) -> None:
    head = propose(git, name)
    with pytest.raises(PushRefused, match="no approval by another person"):
        git.push("origin", "more:main")
    Forge("bela").approve(name, 1)
    git.push("origin", "more:main")
    assert tip(git) == head and Forge().pull(name, 1).state == "merged"


def test_two_approvals_when_the_policy_asks_for_two(name: str, git: Git) -> None:
    Forge("ada").set_policy(name, {**NO_GATES, "approvals": 2})
    propose(git, name)
    assert "2 other persons (1 so far)" in Forge("bela").approve(name, 1).blockers[0]
    assert Forge("ada").approve(name, 1).ready


def test_break_glass_waives_the_approval_and_nothing_else(name: str, git: Git) -> None:
    head = propose(git, name)
    with pytest.raises(PermissionRefused, match="may not break the glass"):
        Forge().break_glass(name, 1, "I want to")
    with pytest.raises(BadInput, match="reason"):
        Forge("ada").break_glass(name, 1, " ")
    pull = Forge("ada").break_glass(name, 1, "Inference is down for all teams")
    assert pull.state == "merged" and pull.break_glass == "ada: Inference is down for all teams" and tip(git) == head
    git.switch("stranger", create=True)
    git.configure_identity(Forge("mallory").identity)
    change(git, "four")
    git.push("origin", "stranger")
    Forge().open_pull(name, "stranger", title="By a stranger")
    with pytest.raises(MergeRefused, match="signed with an untrusted key") as refused:
        Forge("ada").break_glass(name, 2, "Inference is down again")
    assert len(refused.value.blockers) == 1
    glass = [entry for entry in Forge().audit(name) if entry.action == "break-glass"]
    assert [(entry.actor, entry.decision) for entry in glass] == [
        ("learner", "refused"),
        ("ada", "refused"),
        ("ada", "accepted"),
        ("ada", "refused"),
    ]
    assert "Inference is down for all teams" in glass[2].reason and "no approval" in glass[2].reason


def test_every_decision_is_recorded_and_no_secret(name: str, git: Git) -> None:
    head = propose(git, name)
    with pytest.raises(PushRefused):
        git.push("origin", "more:main")
    with pytest.raises(MergeRefused):
        Forge().merge(name, 1)
    with pytest.raises(ApprovalRefused):
        Forge().approve(name, 1)
    Forge("bela").approve(name, 1)
    Forge().merge(name, 1)
    trail = Forge().audit(name)
    assert [(e.actor, e.action, e.decision) for e in trail] == [
        ("learner", "create", "accepted"),
        ("learner", "push", "accepted"),
        ("learner", "push", "accepted"),
        ("learner", "open", "accepted"),
        ("learner", "gates", "accepted"),
        ("learner", "push", "refused"),
        ("learner", "merge", "refused"),
        ("learner", "approve", "refused"),
        ("bela", "approve", "accepted"),
        ("learner", "merge", "accepted"),
    ]
    assert all(e.commit == head and e.ref == "refs/heads/main" for e in trail[-4:]) and trail[-1].pull == 1
    assert [e.at for e in trail] == sorted(e.at for e in trail) and trail[0].at.tzinfo is not None
    text = (services.data("git") / "audit.jsonl").read_text()
    assert all(Forge(who).credentials().password not in text for who in ("learner", "bela"))
    assert "break-glass" not in trail._repr_html_() and "bela" in trail._repr_html_()
    assert re.fullmatch(r"AuditEntry\(.* learner merge \w{10}: accepted\)", repr(trail[-1]))


def test_a_pull_request_shows_itself(name: str, git: Git) -> None:
    propose(git, name)
    pull = Forge("bela").approve(name, 1)
    assert repr(pull) == f"PullRequest(#1 more -> main at {pull.head[:10]}: open, ready)"
    assert "bela" in (pull._repr_html_() or "")
    assert [p.number for p in Forge().pulls(name)] == [1]


def test_pull_requests_open_once_and_close(name: str, git: Git) -> None:
    with pytest.raises(ForgeNotFound, match="no branch nowhere"):
        Forge().open_pull(name, "nowhere", title="Nothing")
    with pytest.raises(Exists, match="nothing that main has not"):
        Forge().open_pull(name, "main", title="Nothing")
    propose(git, name)
    with pytest.raises(Exists, match="Pull request 1 does that already"):
        Forge().open_pull(name, "more", title="Again")
    with pytest.raises(PermissionRefused, match="of another person"):
        Forge("bela").close(name, 1)
    assert Forge().audit(name)[-1].decision == "refused"
    Forge("bela").approve(name, 1)
    assert Forge().close(name, 1).state == "closed"
    with pytest.raises(PushRefused, match="pull request 1 was closed"):
        git.push("origin", "more:main")
    with pytest.raises(Exists, match="is closed"):
        Forge("bela").approve(name, 1)
    assert Forge().open_pull(name, "more", title="Again").number == 2
    with pytest.raises(ForgeNotFound):
        Forge().pull(name, 3)
    git.push("origin", ":more")
    assert "is gone" in Forge().pull(name, 2).blockers[0]


def test_argo_cd_reads_and_does_not_write(name: str, git: Git, tmp_path: Path) -> None:
    login = Forge("argocd").credentials(name)
    assert login.username == "argocd" and login.url.endswith(f"/{name}.git")
    copy = Forge("argocd").clone(name, tmp_path / "argocd")
    assert copy.rev_parse() == git.rev_parse("main")
    change(copy, "nine")
    with pytest.raises(AccessDenied, match="argocd may not push"):
        copy.push("origin", "HEAD:refs/heads/mine")
    with pytest.raises(PermissionRefused):
        Forge("argocd").create("its-own")


def test_without_a_token_nothing_is_read(name: str, git: Git, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied):
        Git.clone(Forge().url(name), tmp_path / "anonymous")
    with pytest.raises(RemoteUnreachable, match="not found"):
        git.remote_add("wrong", Forge().url(name).replace(name, "nothing"))
        git.fetch("wrong")


def test_somebody_new_is_enrolled(name: str, git: Git, tmp_path: Path) -> None:
    with pytest.raises(UnknownPerson, match="enrol"):
        Forge("chen").people()
    chen = Forge().enrol("chen")
    assert chen.trusted and chen.email == "chen@acme.test"
    propose(git, name)
    assert Forge("chen").approve(name, 1).ready
    token = Forge("chen").credentials().password
    assert Forge().enrol("chen") == chen and Forge("chen").credentials().password != token
    for bad in ("../x", "Chen", "operator", "", "a b"):
        with pytest.raises(BadInput):
            Forge().enrol(bad)


def test_policies_are_understood_or_refused(name: str, git: Git) -> None:
    rules = Policy(protected=("main", "release/*"), approvals=0, required=("image",), ignored=("render",))
    assert Policy.load(rules.yaml()) == rules and Policy.parse({}) == Policy()
    for bad in (
        {"approval": 1},
        {"approvals": True},
        {"approvals": -1},
        {"gates": []},
        {"gates": {"image": 1}},
        {"protected": "main"},
        {"break_glass": {"waives": ["signature"]}},
        [],
        None,
        "x",
    ):
        with pytest.raises(BadPolicy):
            Policy.parse(bad)
    with pytest.raises(PermissionRefused):
        Forge().set_policy(name, {})
    with pytest.raises(Exists):
        Forge().create(name)
    for bad_name in ("../up", "Upper", "x.git", "a/b", "-x", "a..b"):
        with pytest.raises((BadInput, ForgeNotFound)):
            Forge().create(bad_name)


def test_a_policy_that_cannot_be_read_lets_nothing_land(name: str, git: Git) -> None:
    (services.data("git") / "repositories" / f"{name}.git" / "forge.yaml").write_text("protected: [\n")
    change(git, "two")
    with pytest.raises(PushRefused, match="cannot be understood, so nothing lands"):
        git.push()
    Forge("ada").set_policy(name, NO_GATES)
    with pytest.raises(PushRefused, match="no approval"):
        git.push()


def test_a_key_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    key = generate_ssh_key(tmp_path / "key")
    operator = services.data("git") / "operator.token"
    bela = next(p for p in json.loads((services.data("git") / "people.json").read_text()).items() if p[0] == "bela")
    from helpers.clients.forge import api

    def enrol(**data: object) -> object:
        row = {"name": "dora", "full_name": "Dora", "public_key": key.text, **data}
        return api.call(Forge().server, "operator", operator.read_text(), "POST", "/api/people", row)

    with pytest.raises(Exists, match="another person's"):
        enrol(public_key=bela[1]["keys"][0])
    for bad in ({"public_key": "ssh-rsa AAAA"}, {"role": "root"}, {"trusted": "yes"}, {"full_name": "D <d@x>"}):
        with pytest.raises(BadInput):
            enrol(**bad)
    with pytest.raises(PermissionRefused):
        Forge()._call("POST", "/api/people", {"name": "dora"})
