"""Checks of notebook 03 of Lab 2: the rules of the gate, the same in the API server, and one list of gates for all.

Manifests are the learner's own, spoiled in one way; Conftest, the API server and the gates themselves say no.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.clients.argocd import ArgoNotFound, TimedOut
from helpers.clients.kubernetes import AdmissionRefused, KubernetesError
from helpers.core import yaml_reader
from helpers.core.polling import poll
from helpers.course.checks import Unmet, require, step
from helpers.course.checks.lab2_apps import GPUS, SERVER, counted
from helpers.course.checks.support import gitops as kit
from helpers.course.checks.support import pipeline as pipeline_file
from helpers.course.checks.support.changes import (
    HARMLESS,
    PRIVILEGED,
    STRANGER,
    UNSIGNED,
    alone,
    asked,
    committed,
    exit_code,
    proposed,
)
from helpers.course.checks.support.manifests import BAD_WORKLOADS, POLICY_CASES, Case, Workload
from helpers.course.checks.support.module_probes import scratch
from helpers.course.checks.support.rego import learners_rego, tests_notice, without_id, without_rule
from helpers.course.checks.support.terraform_runs import each
from helpers.course.delivery import REPOSITORY, Platform
from helpers.course.workspace import Workspace
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.policy import PolicyReport, PolicyResult
from helpers.wrappers.rego_rules import Rule, rules_in

RULES, DATA, TESTS = "policy/conftest", "policy/data", "policy/conftest/rules_test.rego"
NOTHING_CHECKED = f"{kit.ROOT}/{RULES}: nothing was checked. {{why}}"
#: File -> the rules that the table asks of it.
FILES = {
    "images.rego": ("image-digest",),
    "security.rego": ("privileged", "host-path"),
    "capacity.rego": ("gpu-limit",),
    "labels.rego": ("owner", "pod-owner"),
}
ADMISSION, APPLICATION = "policy/admission", "clusters/admission/application.yaml"
WORKLOADS, BINDING = f"{ADMISSION}/workloads.yaml", f"{ADMISSION}/binding.yaml"
#: Seconds in which the API server has to know a policy that Argo CD has brought.
KNOWN_WITHIN = 30.0
#: A port where nobody listens.
NOBODY = "127.0.0.1:9"
#: A rule that refuses every object.
EVERYTHING = '\n{} contains {{"msg": "no", "rule": "{}", "object": "any"}}\n'


@step(
    "lab2",
    "policy",
    reads=(kit.ROOT,),
    hints=(
        "Where in a rendered Deployment is what the rule is about? What does the library give you already?",
        "Each rule is `deny contains workload.finding(RULE, text, FIX) if {...}`: iterate with `some container in "
        "workload.containers`, and let object.get give a default for what is missing.",
        'deny contains workload.finding("privileged", text, "Remove it.") if {\n\tsome container in workload.containers'
        '\n\tobject.get(container, ["securityContext", "privileged"], false) == true\n\ttext := sprintf("container %s '
        'is privileged", [workload.title(container)])\n}',
    ),
)
def policy(lab: Workspace) -> str:
    """The learner's overlays pass, each spoiled manifest is refused by name, and the tests hold every rule."""
    kit.needed(lab, RULES, DATA, kit.OVERLAYS)
    _written(lab)
    reports = judged(lab, POLICY_CASES)
    for environment in kit.ENVIRONMENTS:
        said = "; ".join(result.msg for result in reports[environment])
        require(not said, f"{kit.ROOT}/{RULES} refuses your own overlay {environment}: {said}")
    for case in POLICY_CASES:
        named(case, reports[case.name])
    rules = _held(lab)
    return f"3 overlays pass, {len(POLICY_CASES)} spoiled ones are refused by name, tests hold each of {rules} rules"


def _written(lab: Workspace) -> None:
    for file, wanted in FILES.items():
        kit.needed(lab, f"{RULES}/{file}")
        with learners_rego(NOTHING_CHECKED):
            count = len(_denials([lab.path(f"{kit.ROOT}/{RULES}/{file}")]))
        asked = " and ".join(wanted)
        require(count, f"{kit.ROOT}/{RULES}/{file} has no rule yet; {asked} {'are' if wanted[1:] else 'is'} asked for")


def _denials(paths: Sequence[Path]) -> list[Rule]:
    return [rule for rule in rules_in(list(paths)) if rule.name.split("_")[0] in ("deny", "violation")]


def judged(lab: Workspace, cases: Sequence[Case]) -> dict[str, list[PolicyResult]]:
    """Return what the learner's rules refuse, by the name of the case; and of each overlay, by its environment.

    Raises:
        Unmet: the rules do not compile, or an overlay does not render.
    """
    found: dict[str, list[PolicyResult]] = {}
    for environment in dict.fromkeys((*kit.ENVIRONMENTS, *(case.environment for case in cases))):
        texts: dict[str, Any] = {}
        known = environment in kit.ENVIRONMENTS
        overlay = kit.overlay(lab, environment if known else "prod")
        if known:
            texts[environment] = list(overlay.manifests)
        for case in cases:
            if case.environment == environment:
                texts[case.name] = case.manifests(overlay)
        with scratch(lab, f"{kit.ROOT}/{RULES}", f"{kit.ROOT}/{DATA}") as room, learners_rego(NOTHING_CHECKED):
            for name, manifests in texts.items():
                (room / f"{name}.yaml").write_text(yaml_reader.dump_all(manifests))
            report = _test(room, environment if known else "", [f"{name}.yaml" for name in texts])
        for name in texts:
            found[name] = [result for result in report.failures if result.file == f"{name}.yaml"]
    return found


def _test(room: Path, environment: str, files: Sequence[str]) -> PolicyReport:
    """Judge files as the gate does, which says what environment it is about."""
    (room / "gate.json").write_text(json.dumps({"gate": {"environment": environment} if environment else {}}))
    policies, data = [f"{kit.ROOT}/{RULES}"], ["gate.json", f"{kit.ROOT}/{DATA}"]
    return Conftest(room).test(*files, policies=policies, data=data, all_namespaces=True, strict=True)


def named(case: Case, found: Sequence[PolicyResult]) -> None:
    """Raise `Unmet` unless a manifest is refused by its rule (without one, not at all), by a message that names it."""
    if not case.rule:
        objections = "; ".join(result.msg for result in found)
        require(not found, f"{kit.ROOT}/{RULES} refuses what is good ({case.about}): {objections}")
        return
    mine = [result for result in found if result.metadata.get("rule") == case.rule]
    also = f"; it says only: {found[0].msg}" if found else ""
    require(mine, f"{kit.ROOT}/{RULES} does not refuse {case.about} (rule {case.rule}){also}")
    for name in (case.object, *case.names):
        says = any(name in result.msg for result in mine)
        require(says, f"{kit.ROOT}/{RULES}: the message of {case.rule} does not name {name}: {mine[0].msg}")


def _held(lab: Workspace) -> int:
    """Return the number of rules, each of which some test of the learner's holds.

    Raises:
        Unmet: a test fails, or none fails when a rule is gone.
    """
    folder = lab.path(f"{kit.ROOT}/{RULES}")
    has = lab.path(f"{kit.ROOT}/{TESTS}").is_file() and "test_" in lab.read(f"{kit.ROOT}/{TESTS}")
    require(has, f"{kit.ROOT}/{TESTS} has no test")
    with learners_rego(NOTHING_CHECKED), scratch(lab, f"{kit.ROOT}/{RULES}") as room:
        report = Conftest(room).verify(policies=[f"{kit.ROOT}/{RULES}"], strict=True)
    first = report.failures[0] if report.failures else None
    require(first is None, f"{kit.ROOT}/{TESTS}: {first.name if first else ''} fails")
    files = [file for file in sorted(folder.glob("*.rego")) if not file.name.endswith("_test.rego")]
    mutants: list[tuple[str, str, str]] = []
    rules = 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        written = _denials([file])
        rules += len(written)
        for rule in written:
            gone = f"{kit.ROOT}/{RULES}/{file.name}:{rule.line}: no test fails when this rule is removed"
            mutants.append((file.name, without_rule(rule, text), gone))
        for name in FILES.get(file.name, ()):
            # One rule may say several things; and whatever it is called, its tests look at that name.
            silent = f"{kit.ROOT}/{TESTS}: no test fails when {name} says nothing any more"
            mutants.append((file.name, without_id(written, text, name), silent))
            much = f"{kit.ROOT}/{TESTS}: no test fails when {name} refuses everything: show a good Deployment passing"
            all_of_it = "".join(EVERYTHING.format(head, name) for head in sorted({rule.name for rule in written}))
            mutants.append((file.name, text + all_of_it, much))

    def killed(mutant: tuple[str, str, str]) -> None:
        name, text, reason = mutant
        folder = f"{kit.ROOT}/{RULES}"
        require(tests_notice(lab, f"{folder}/{name}", text, policies=(folder,)), reason)

    each(killed, mutants)
    return rules


@step(
    "lab2",
    "admission",
    hints=(
        "What does the API server do with a policy that no binding names? And what should it do when it cannot tell?",
        "Each validation has an expression that must be true, and a messageExpression that makes a text: "
        "variables.images.all(i, ...) and variables.images.filter(i, !...).join(', '). The binding has policyName, "
        "validationActions: [Deny] and matchResources.namespaceSelector.",
        "- expression: variables.gpus <= variables.gpuLimit\n  messageExpression: \"'asks for ' + "
        "string(variables.gpus) + ' GPUs; ' + string(variables.gpuLimit) + ' are allowed'\"",
    ),
)
def admission(lab: Workspace) -> str:
    """Argo CD keeps the policy in the cluster, and the API server refuses what it must, and nothing else."""
    kit.needed(lab, ADMISSION, WORKLOADS, BINDING, APPLICATION)
    names = policies(lab)
    for name in names:
        _bound(lab, name)
    _application(lab)
    world = kit.platform(lab)
    _kept(world)
    in_main(lab, world, ADMISSION, APPLICATION)
    _taken(lab, world)
    for bad in BAD_WORKLOADS:
        refused(world, names, bad)
    for environment, gpus in GPUS.items():
        counted(world, environment, gpus)
    by = " and ".join(names)
    return f"the API server refuses {len(BAD_WORKLOADS)} bad workloads by {by}, and takes what your overlays make"


_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def policies(lab: Workspace) -> list[str]:
    """Return the names of the learner's admission policies: one, or several that share the rules.

    Raises:
        Unmet: there is none, one refuses nothing, or one lets in what it cannot judge.
    """
    kit.manifest(lab, WORKLOADS, _POLICY)
    rendered = kit.rendered(lab, ADMISSION)
    for kind in (_POLICY, _BINDING):
        require(rendered.find(kind), f"{kit.ROOT}/{ADMISSION} renders to no {kind}")
    for made in rendered.find(_POLICY):
        name, spec = made["metadata"]["name"], made.get("spec") or {}
        nothing = f"{kit.ROOT}/{WORKLOADS} refuses nothing yet: spec has no validations ({name})"
        require(spec.get("validations"), nothing)
        says = spec.get("failurePolicy", "Fail")
        at = kit.where(lab, WORKLOADS, "spec", "failurePolicy")
        what = f"failurePolicy is {says}: a policy that cannot be evaluated would let all in ({name})"
        require(says == "Fail", f"{at}: {what}")
    return [str(made["metadata"]["name"]) for made in rendered.find(_POLICY)]


def _bound(lab: Workspace, name: str) -> None:
    kit.manifest(lab, BINDING, _BINDING)
    specs = [made.get("spec") or {} for made in kit.rendered(lab, ADMISSION).find(_BINDING)]
    require(any(specs), f"{kit.ROOT}/{BINDING}: the binding has no spec: it says neither where nor what happens")
    mine = [spec for spec in specs if spec.get("policyName") == name]
    said = " and ".join(str(spec.get("policyName")) for spec in specs)
    at = kit.where(lab, BINDING, "spec", "policyName")
    require(mine, f"{at}: the binding names the policy {said}, not {name}")
    at = kit.where(lab, BINDING, "spec", "validationActions")
    actions = [action for spec in mine for action in spec.get("validationActions") or []]
    require("Deny" in actions, f"{at}: validationActions is {actions}: that warns, and lets it in")


def _application(lab: Workspace) -> None:
    made = kit.manifest(lab, APPLICATION, "Application", "admission")
    require(made.get("spec"), f"{kit.ROOT}/{APPLICATION}: the Application admission has no spec")
    spec = kit.one(kit.rendered(lab, "clusters/admission"), "Application", "admission")["spec"]
    source, target = spec.get("source") or {}, spec.get("destination") or {}
    for what, keys, is_, should in (
        ("project", ("project",), spec.get("project"), "platform"),
        ("path", ("source", "path"), str(source.get("path", "")).rstrip("/"), ADMISSION),
        ("repoURL", ("source", "repoURL"), source.get("repoURL"), kit.address()),
        ("server", ("destination", "server"), target.get("server"), SERVER),
    ):
        at = kit.where(lab, APPLICATION, "spec", *keys)
        require(is_ == should, f"{at}: {what} of the Application admission is {is_}, not {should}")
    automated = (spec.get("syncPolicy") or {}).get("automated") or {}
    for what in ("prune", "selfHeal"):
        at = kit.where(lab, APPLICATION, "spec", "syncPolicy", "automated")
        require(automated.get(what) is True, f"{at}: admission has no {what}: true; somebody may switch it off by hand")


def _kept(world: Platform) -> None:
    """Raise `Unmet` unless Argo CD calls the application Synced and Healthy on what main says, which was approved."""
    argo = world.argocd
    try:
        argo.application("admission", refresh="normal")
    except ArgoNotFound:
        raise Unmet(
            'Argo CD has no Application admission: deliver it, then platform.apply("clusters/admission")'
        ) from None
    kit.merged(world, [ADMISSION])
    try:
        app = argo.wait("admission", timeout=60)
    except TimedOut as error:
        now = error.application or argo.application("admission")
        why = " ".join(error.why.split())[:300]
        raise Unmet(f"Argo CD calls admission {now.sync} and {now.health}, not Synced and Healthy. {why}") from None
    kinds = {resource.kind for resource in app.resources}
    wanted = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    require(wanted <= kinds, f"the Application admission brings {', '.join(sorted(kinds)) or 'nothing'}")


def refused(world: Platform, names: Sequence[str], bad: Workload) -> None:
    """Raise `Unmet` unless the API server refuses a workload by one of the learner's policies, and says what it is."""
    manifest = bad.manifest(world)
    # A policy that has just come is known to the API server a moment later.
    said = poll(lambda: answer(world, manifest), KNOWN_WITHIN, every=0.5)
    if not said:
        raise Unmet(f"the API server takes {bad.about}: {kit.ROOT}/{WORKLOADS} must refuse it")
    by, message = said
    mine = " or ".join(names)
    require(by in names, f"the API server refuses {bad.about}, but by {by}, not by {mine}: {message}")
    for what in bad.names:
        require(what in message, f"{kit.ROOT}/{WORKLOADS}: the message does not name {what}: {message}")


def answer(world: Platform, manifest: Mapping[str, Any]) -> tuple[str, str] | tuple[()]:
    """Return who refuses a manifest in a dry run, and with which words; nothing when the API server takes it."""
    try:
        world.cluster.apply(dict(manifest), dry_run=True)
    except AdmissionRefused as error:
        return error.policy, " ".join(error.message.split())
    except KubernetesError as error:
        return "something else", f"{error.what}. {' '.join(error.why.split())}"
    return ()


def _taken(lab: Workspace, world: Platform) -> None:
    """Raise `Unmet` when the API server refuses what the learner's overlays render, or what is outside the tenants."""
    for environment in kit.ENVIRONMENTS:
        rendered = kit.overlay(lab, environment)
        said = answer(world, kit.one(rendered, "Deployment"))
        require(not said, f"the API server refuses your own overlay {environment}: {': '.join(said)}")
    elsewhere = Workload("Deployment", "prod", image="busybox:1.37", namespace="default").manifest(world)
    said = answer(world, elsewhere)
    at = kit.where(lab, BINDING, "spec", "matchResources")
    require(
        not said, f"{at}: the policy holds in the namespace default too, which belongs to no tenant: {': '.join(said)}"
    )


@step(
    "lab2",
    "pipeline",
    hints=(
        "How many lists of gates are there, and who reads them? Which of the three places has its own idea?",
        "gates.yaml: gates, environments, images, policy. The workflow runs the two lines of pipeline word for word. "
        "Deliver policy, gates.yaml and .github; then ada switches the forge's gates on.",
        'gates: [signature, render, policy, image, secrets]; platform.deliver("policy", "gates.yaml", ".github", '
        'message="...", approve="bela", merge=True); platform.forge("ada").set_policy("platform", {"gates": True})',
    ),
)
def pipeline(lab: Workspace) -> str:
    """One list of gates is read in three places; each gate refuses alone, and `could not tell` stops a change."""
    settings = pipeline_file.settings(lab)
    line = pipeline_file.workflow(lab, settings)
    world = kit.platform(lab)
    switched_on(lab, world)
    for change in (HARMLESS, STRANGER, PRIVILEGED, UNSIGNED):
        alone(world, change)
    with committed(world, HARMLESS) as git:
        report = asked(git, registries={settings.registry: NOBODY})
        require(report.status == "unknown", "the gates pass a change although the registry does not answer")
        code = exit_code(git, line)
        require(code == 0, f"the pipeline's own line ends with {code} for {HARMLESS.about}")
    with committed(world, PRIVILEGED) as git:
        code = exit_code(git, line)
        require(code == 1, f"the pipeline's own line ends with {code} for {PRIVILEGED.about}, not 1")
    pull = proposed(world, PRIVILEGED)
    stands = [blocker for blocker in pull.blockers if "gate policy" in blocker]
    require(stands, f"the forge would let {PRIVILEGED.about} land: {', '.join(pull.blockers) or 'nothing blocks it'}")
    return "signature, policy and image each refuse alone, here, in the pipeline's line and in the forge"


def switched_on(lab: Workspace, world: Platform) -> None:
    """Raise `Unmet` unless ``main`` has the learner's gates, by a pull request, and the forge asks them all."""
    in_main(lab, world, pipeline_file.GATES, pipeline_file.WORKFLOW, "policy")
    kit.merged(world, [pipeline_file.GATES])
    asks = world.forge().repository(REPOSITORY).policy
    require(asks.gates, f'the forge asks no gates: platform.forge("ada").set_policy("{REPOSITORY}", {{"gates": True}})')
    require(not asks.ignored, f"the forge does not count the gates {', '.join(asks.ignored)}")


def in_main(lab: Workspace, world: Platform, *paths: str) -> None:
    """Raise `Unmet` unless ``main`` has these files and directories as the workspace has them."""
    main, root = world.clone().workdir, lab.path(kit.ROOT)
    for path in (path for part in paths for path in ([part] if (root / part).is_file() else kit.files(lab, part))):
        landed = main / path
        require(landed.is_file(), f"main has no {path}: deliver it by a pull request")
        same = landed.read_bytes() == (root / path).read_bytes()
        require(same, f"main has another {path} than your workspace: deliver it by a pull request")
