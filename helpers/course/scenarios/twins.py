"""What the lectures on Pulumi beside Terraform need: the same workspace twice, and what their cells do to them.

Vision's workspace is a Pulumi program with the component ``acme_gpu_workspace``; speech's is Terraform with the module
of the same name. Both act in the lectures' own account.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.paths import IAC, workspace_dir
from helpers.course import teaching, wheels
from helpers.course.scenarios.waits import poll_until
from helpers.course.teaching import Shown
from helpers.runtime import services
from helpers.wrappers.crane import Crane
from helpers.wrappers.pulumi import Pulumi, PulumiError, PulumiEvent, StackState, file_backend
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.types import Plan

#: Of the lecture's stacks. A real one comes from the pipeline's secret store and is in no notebook.
PASSPHRASE = "only-for-this-lecture"  # noqa: S105
#: The token of the model registry, in both twins.
TOKEN = "registry-token-of-the-lecture"  # noqa: S105
_FOLDER = "unit2/twins"
#: The last argument of vision's component, and the option that says what it was called before.
_LAST_LINES = '        registry_token=config.require_secret("registry_token"),\n    ),\n'
_OPTIONS = '    pulumi.ResourceOptions(aliases=[pulumi.Alias(name="workspace")]),\n'
_MOVED = """
moved {
  from = module.workspace
  to   = module.gpu
}
"""
#: Where the pool's provider begins to ask the cloud, and what it does instead in the copy that is killed.
_CREATE = '        ec2, scaling, name = client("ec2"), client("autoscaling"), props["name"]\n        node ='
_WAIT = f"""        import time
        time.sleep(300)
        raise TimeoutError("The cloud does not answer.")
{_CREATE}"""


@dataclass(frozen=True)
class Twins:
    """The two projects.

    Attributes:
        root: directory with ``live`` and ``gpu-workspace`` (Pulumi), ``terraform``, and both ``policy`` directories.
        env: variables that make either tool act in the lectures' account; they hold credentials.
    """

    root: Path
    env: Mapping[str, str]

    @property
    def backend(self) -> str:
        """Where Pulumi keeps the stacks of the lecture."""
        return file_backend(self.root / "state")

    def pulumi(self, stack: str = "dev", project: str = "live", **options: Any) -> Pulumi:
        """Return Pulumi on one stack of a project; its programs find the component."""
        env = {**self.env, "PYTHONPATH": str(self.root / "gpu-workspace")}
        return Pulumi(
            self.root / project,
            stack=stack,
            backend=self.backend,
            **{"passphrase": PASSPHRASE, "env": env, **options},
        )

    def terraform(self, **variables: Any) -> Terraform:
        """Return Terraform on speech's root module."""
        return Terraform(
            self.root / "terraform", env=self.env, variables={"registry_token": TOKEN, **variables}, secrets=[TOKEN]
        )

    def terraform_module(self) -> Terraform:
        """Return Terraform on the module alone."""
        return Terraform(self.root / "terraform" / "modules" / "gpu-workspace", env=self.env)


def set_up() -> Twins:
    """Start the cloud, remove what a former run left, and copy the material of both twins."""
    services.ensure("cloud")
    env = teaching.sandbox()
    tear_down()
    root = teaching.material(_FOLDER, env)
    for name in ("gpu-workspace", "live", "policy"):
        shutil.copytree(IAC / "pulumi" / name, root / "pulumi-policy" if name == "policy" else root / name)
    return Twins(root, env)


def refactored() -> Twins:
    """Set up both twins and apply them as the refactoring leaves them, with one update each.

    The component and the module call are named ``gpu``; the program has the alias and the root module the ``moved``
    block that lead there from ``workspace``.
    """
    twins = set_up()
    teaching.edit(twins.root / "live" / "__main__.py", {'"workspace",': '"gpu",', _LAST_LINES: _LAST_LINES + _OPTIONS})
    vision = twins.pulumi()
    vision.stack_init()
    vision.config_set("registry_token", TOKEN, secret=True)
    vision.up()
    folder = twins.root / "terraform"
    names = {'module "workspace"': 'module "gpu"', "module.workspace.gpus": "module.gpu.gpus"}
    teaching.edit(folder / "main.tf", names)
    teaching.write(folder / "moved.tf", _MOVED)
    speech = twins.terraform()
    speech.init()
    speech.apply(auto_approve=True)
    return twins


def tear_down() -> None:
    """Destroy the objects of both twins and remove the directory."""
    root = workspace_dir() / "lectures" / _FOLDER
    twins = Twins(root, teaching.sandbox())
    for project in sorted(root.glob("*/Pulumi.yaml")):
        for stack in twins.pulumi(project=project.parent.name).stacks():
            _remove(twins.pulumi(stack.name, project.parent.name))
    if (root / "terraform" / "terraform.tfstate").exists() and (terraform := twins.terraform()).state_list():
        terraform.destroy(auto_approve=True)
    teaching.clear(root, twins.env)


def _remove(pulumi: Pulumi) -> None:
    """Remove a stack with its objects, whatever state it was left in."""
    with contextlib.suppress(PulumiError):
        pulumi.cancel()
    for entry in pulumi.export().resources:
        if entry.get("protect"):
            pulumi.unprotect(str(entry["urn"]))
    if pulumi.export().pending:
        pulumi.refresh(clear_pending=True)
    pulumi.destroy()
    pulumi.stack_rm(force=True)


def block(path: str | os.PathLike[str], start: str) -> Shown:
    """Show the top-level block of a Python file whose first line starts with *start*."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith(start)), None)
    if begin is None:
        raise BadInput(f"{Path(path).name} has no block {start!r}")
    end = next((i for i in range(begin + 1, len(lines)) if lines[i][:1] not in ("", " ", ")")), len(lines))
    return teaching._listing(f"{Path(path).parent.name}/{Path(path).name}", "", [" " + x for x in lines[begin:end]])


def entry(state: StackState, name: str) -> Shown:
    """Show what the state keeps of one resource: its fields, and of long or secret values what they are."""
    found = state.find(name)
    rows = []
    for key in ("urn", "type", "parent", "custom", "protect", "retainOnDelete", "dependencies"):
        if key in found:
            rows.append((key, _short(found[key])))
    for part in ("inputs", "outputs"):
        rows += [(f"{part}.{key}", _short(value)) for key, value in sorted((found.get(part) or {}).items())]
    return teaching.table(["Field", "Value"], rows, caption=f"One of {len(state.resources)} entries")


def _short(value: Any) -> str:
    """Return a value as one short line; ciphertext, code and ids are described, as they differ from run to run."""
    if isinstance(value, dict) and "ciphertext" in value:
        return "ciphertext"
    if isinstance(value, list):
        return ", ".join(sorted(_short(item) for item in value)) or "(none)"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    for start, word in (("vpc-", "an id"), ("arn:", "an ARN")):
        if text.startswith(start):
            return word
    return text


def places(text: str, files: Mapping[str, str]) -> Shown:
    """Show in which of some texts a secret stands in clear."""
    rows = [(name, "in clear" if text in body else "not there") for name, body in files.items()]
    return teaching.table(["Where", "The token"], rows)


def plan_text(plan: Plan) -> str:
    """Return everything that a saved plan of Terraform holds, unpacked: it is a ZIP archive."""
    assert plan.path is not None  # `Terraform.plan` saves each plan
    with zipfile.ZipFile(plan.path) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def unknown(preview: Plan) -> Shown:
    """Show which new values a plan or preview does not know yet."""
    rows = [
        (change.address, ", ".join(a.path for a in change.changed_attributes() if a.known_after_apply) or "none")
        for change in sorted(preview.resource_changes, key=lambda c: c.address)
    ]
    return teaching.table(["Resource", "Not known yet"], rows)


def component_tests(twins: Twins) -> str:
    """Run the component's unit tests and return how many passed."""
    package = twins.root / "gpu-workspace"
    argv: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        package,
    ]
    done = process.run([*argv, package / "tests"], env=process.environment({"PYTHONPATH": str(package)}))
    return done.stdout.strip().splitlines()[-1].rpartition(" in ")[0]


def up_until_killed(twins: Twins, stack: str) -> None:
    """Run ``pulumi up`` and kill the engine while it waits for the pool, when all else of the component stands.

    The pool's provider is that of a copy of the package: it waits instead of asking the cloud. So the kill always
    finds the same state, and no pool is made by a provider that outlives its engine.

    Raises:
        PulumiStopped: always, unless the update ended before it could be killed.
    """
    slow = twins.root / "slow"
    shutil.copytree(twins.root / "gpu-workspace", slow, dirs_exist_ok=True)
    providers = slow / "acme_platform" / "providers.py"
    teaching.edit(providers, {_CREATE: _WAIT})
    pulumi = twins.pulumi(stack, env={**twins.env, "PYTHONPATH": str(slow)})
    pulumi.up(on_event=_kill_during(pulumi, "gpu-pool", {"gpu-network", "gpu-bucket", "gpu-token"}))


def _kill_during(pulumi: Pulumi, name: str, others: set[str]) -> Callable[[PulumiEvent], None]:
    """Return an ``on_event`` that kills the engine while only *name* is being created and the *others* are made."""
    backend = Path(pulumi.backend.removeprefix("file://")) / ".pulumi"

    def is_alone() -> bool:
        for file in (backend / "stacks").glob(f"*/{pulumi.stack}.json"):
            with contextlib.suppress(OSError, ValueError):  # the engine is writing it
                latest = json.loads(file.read_text())["checkpoint"]["latest"] or {}
                made = {_name(item) for item in latest.get("resources") or ()}
                pending = [_name(item["resource"]) for item in latest.get("pending_operations") or ()]
                if pending == [name] and others <= made:
                    return True
        return False

    def watch(event: PulumiEvent) -> None:
        if event.type == "resourcePre" and event.urn.endswith(f"::{name}"):
            poll_until(is_alone, f"only {name} is being created")
            for lock in (backend / "locks").rglob("*.json"):
                os.kill(int(json.loads(lock.read_text())["pid"]), signal.SIGKILL)

    return watch


def _name(item: Mapping[str, Any]) -> str:
    return str(item["urn"]).rpartition("::")[2]


def resize(twins: Twins, *pools: str, size: int) -> None:
    """Change the size of pools behind the tools' backs, as somebody in a console would."""
    scaling = _client(twins, "autoscaling")
    for pool in pools:
        scaling.update_auto_scaling_group(AutoScalingGroupName=pool, MaxSize=size, DesiredCapacity=size)


def _client(twins: Twins, service: str) -> Any:
    import boto3  # 0.3 s

    return boto3.client(
        service,
        aws_access_key_id=twins.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=twins.env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=twins.env["AWS_SESSION_TOKEN"],
        region_name=cloud.REGION,
        endpoint_url=twins.env.get("AWS_ENDPOINT_URL"),
        verify=twins.env.get("AWS_CA_BUNDLE"),
    )


def automation_stack(twins: Twins, name: str) -> Any:
    """Return a stack of vision's program as an object of Pulumi's automation API (``pulumi.automation.Stack``)."""
    from pulumi import automation  # 0.6 s, and only this part of one lecture needs it

    pulumi = twins.pulumi(name)
    options = automation.LocalWorkspaceOptions(
        env_vars=pulumi.environment(), pulumi_command=automation.PulumiCommand(root=str(pulumi.install_root()))
    )
    return automation.select_stack(stack_name=name, work_dir=str(pulumi.workdir), opts=options)


def build_wheel(twins: Twins) -> Path:
    """Build the component's wheel and return its path; the same sources give the same bytes."""
    return wheels.build(twins.root / "gpu-workspace", twins.root / "dist")


def oci_host() -> str:
    """Return the address of acme's OCI registry, started when needed."""
    return services.ensure("oci").address


def push(crane: Crane, wheel: Path, reference: str) -> str:
    """Push a wheel as the one layer of an artifact, and return it as ``REPOSITORY@DIGEST``."""
    return wheels.push(crane, wheel, reference)


def pull(crane: Crane, reference: str, target: Path) -> Path:
    """Pull a wheel by digest and install it into a directory of its own, which is returned."""
    wheel = wheels.pull(crane, reference, target.with_name("wheels"))
    return wheels.install(wheel, target)
