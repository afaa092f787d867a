"""Preview and the operations that change objects: up, refresh, import, destroy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from helpers.core import process
from helpers.wrappers.pulumi._run import OnEvent, Runner, applied
from helpers.wrappers.pulumi._stack_commands import outputs_of, repeated
from helpers.wrappers.pulumi._urn import STACK_TYPE, addresses
from helpers.wrappers.pulumi.errors import PulumiError, PulumiStopped, build_error
from helpers.wrappers.pulumi.types import Preview, PulumiEvent, UpdateResult
from helpers.wrappers.terraform.types import Action, Diagnostic, Drift, Outputs

#: Operations that make, change and remove an object; a replacement is one of each of the last kind.
_ADDS = ("create", "create-replacement", "import", "import-replacement")
_REMOVES = ("delete", "delete-replaced", "discard", "discard-replaced")


class UpdateCommands:
    """Mixed into `Pulumi`."""

    _runner: Runner
    stack: str

    def preview(
        self,
        *,
        target: Sequence[str] = (),
        replace: Sequence[str] = (),
        refresh: bool = False,
        destroy: bool = False,
        target_dependents: bool = False,
    ) -> Preview:
        """Run ``pulumi preview --json``: run the program and say what an update would do. No object is changed.

        The program itself does run, with all that it does besides declaring resources.

        Args:
            target: URNs to restrict it to (``**`` and ``*`` are wildcards); what depends on them is left as it is.
            target_dependents: include what depends on them.
            replace: URNs to replace even without a change.
            refresh: read the real objects first. By default a preview trusts the state.
            destroy: preview ``destroy`` instead.

        Raises:
            ProgramFailed, MissingPassphrase, WrongPassphrase, NoStack, NoProject, StackLocked, PluginMissing,
            ProtectedResource, BackendUnreachable, PulumiStopped.
        """
        args = ["destroy", "--preview-only"] if destroy else ["preview", "--show-sames"]
        args += ["--stack", self.stack, *repeated("--target", target), *repeated("--replace", replace)]
        args += [flag for flag, on in (("--refresh", refresh), ("--target-dependents", target_dependents)) if on]
        return self._digest(args)

    def _digest(self, args: Sequence[str], part: str = "inputs") -> Preview:
        done = self._runner.run([*args, "--json"], ok=None)
        document = _document(done.stdout)
        if done.returncode != 0:
            messages = [d.get("message", "") for d in document.get("diagnostics", ()) if d.get("severity") == "error"]
            raise build_error(args[0], "\n".join([*messages, done.stderr]), str(self._runner.workdir))
        return Preview.of(document, part=part)

    def drift(self) -> Drift:
        """Run a refresh that changes nothing and say whether the objects match the state: three answers.

        Whatever keeps Pulumi from telling is ``unknown`` with the reason.
        """
        try:
            preview = self._digest(["refresh", "--preview-only", "--stack", self.stack], "outputs")
        except PulumiStopped as error:
            if not error.killed:
                raise
            return Drift("unknown", why=error.diagnostics())
        except (PulumiError, process.ProcessError) as error:
            return Drift("unknown", why=error.diagnostics())
        if not preview.resource_changes:
            return Drift("unknown", why="The state has no objects: nothing was updated from here.")
        changed = tuple(c for c in preview.resource_changes if c.action not in (Action.NO_OP, Action.READ))
        if changed:
            return Drift("drifted", changed, f"{len(changed)} objects changed outside of Pulumi.")
        return Drift("in-sync", why="Every object matches the state.")

    def up(
        self,
        *,
        target: Sequence[str] = (),
        replace: Sequence[str] = (),
        refresh: bool = False,
        target_dependents: bool = False,
        on_event: OnEvent | None = None,
    ) -> UpdateResult:
        """Run ``pulumi up``: run the program and make the objects as it declares. There is no saved plan to apply.

        Args:
            target, replace, refresh, target_dependents: see `preview`.
            on_event: called with each event as it comes.

        Raises:
            UpdateFailed, and those of `preview`; ``error.applied`` says what was done before.
        """
        args = ["up", "--yes", "--skip-preview", "--stack", self.stack]
        args += [*repeated("--target", target), *repeated("--replace", replace)]
        args += [flag for flag, on in (("--refresh", refresh), ("--target-dependents", target_dependents)) if on]
        return self._update("up", args, on_event)

    def refresh(
        self, *, target: Sequence[str] = (), clear_pending: bool = False, on_event: OnEvent | None = None
    ) -> UpdateResult:
        """Run ``pulumi refresh``: read the real objects and write what they are into the state.

        Args:
            target: see `preview`.
            clear_pending: forget creations that a killed run left pending; their objects may exist.
        """
        flags = ["--clear-pending-creates"] if clear_pending else []
        args = ["refresh", "--yes", "--skip-preview", "--stack", self.stack, *repeated("--target", target), *flags]
        return self._update("refresh", args, on_event)

    def destroy(
        self, *, target: Sequence[str] = (), target_dependents: bool = False, on_event: OnEvent | None = None
    ) -> UpdateResult:
        """Run ``pulumi destroy``: delete the stack's objects. The program does not run; the state says what there is.

        Raises:
            ProtectedResource: one of them is protected. What depends on it may be deleted already. UpdateFailed.
        """
        flags = ["--target-dependents"] if target_dependents else []
        args = ["destroy", "--yes", "--skip-preview", "--stack", self.stack, *repeated("--target", target), *flags]
        return self._update("destroy", args, on_event)

    def import_(
        self,
        kind: str,
        name: str,
        id: str,
        *,
        protect: bool = True,
        parent: str = "",
        on_event: OnEvent | None = None,
    ) -> UpdateResult:
        """Run ``pulumi import``: take an object that exists into the state. No code is generated.

        Args:
            kind: type token of the resource. name: its logical name. id: what its provider knows the object by.
            protect: Pulumi's default: an imported object cannot be deleted until that is taken back.
            parent: URN of the parent, for a resource inside a component.
        """
        args = ["import", kind, name, id, "--yes", "--skip-preview", "--generate-code=false", "--stack", self.stack]
        args += [f"--protect={str(protect).lower()}", *(["--parent", f"parent={parent}"] if parent else [])]
        return self._update("import", args, on_event)

    def _update(self, operation: str, args: Sequence[str], on_event: OnEvent | None) -> UpdateResult:
        events, seconds = self._runner.stream(args, on_event)
        return result_of(operation, events, seconds)


def result_of(operation: str, events: Sequence[PulumiEvent], seconds: float) -> UpdateResult:
    """Return the result that the events of a finished run tell."""
    done = applied(events)
    parents = {
        event.urn: _parent(event) for event in events if event.type in ("resourcePre", "resOutputs") and event.urn
    }
    places = addresses(parents)
    summary: dict[str, Any] = next((e.raw.get("resourceChanges") or {} for e in events if e.type == "summary"), {})
    return UpdateResult(
        added=sum(op in _ADDS for _, op in done),
        changed=sum(op == "update" for _, op in done),
        destroyed=sum(op in _REMOVES for _, op in done),
        applied=tuple((places[urn][0], op) for urn, op in done if op != "replace"),
        outputs=_outputs(events),
        diagnostics=tuple(_warnings(events)),
        seconds=seconds,
        operation=operation,
        change_summary=summary,
        pulumi_events=tuple(events),
    )


def _parent(event: PulumiEvent) -> str:
    metadata = event.raw.get("metadata") or {}
    return str(((metadata.get("new") or metadata.get("old")) or {}).get("parent", ""))


def _outputs(events: Sequence[PulumiEvent]) -> Outputs:
    for event in reversed(events):
        metadata = event.raw.get("metadata") or {}
        if event.type == "resOutputs" and metadata.get("type") == STACK_TYPE:
            return outputs_of((metadata.get("new") or {}).get("outputs") or {})
    return Outputs()


def _warnings(events: Sequence[PulumiEvent]) -> list[Diagnostic]:
    said = [e.raw for e in events if e.type == "diagnostic" and e.raw.get("severity") in ("warning", "error")]
    said = [raw for raw in said if "from $PATH at " not in str(raw.get("message", ""))]
    return [Diagnostic.of_text(str(raw["severity"]), str(raw.get("message", ""))) for raw in said]


def _document(text: str) -> dict[str, Any]:
    """Return the digest that a preview printed; one that failed early printed none."""
    start = text.find("{")
    try:
        found = json.loads(text[start:]) if start >= 0 else {}
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
