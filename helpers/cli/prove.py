"""``course prove``: every graded step, both ways."""

from __future__ import annotations

import json

import click

from helpers.course import outline
from helpers.course.labs.proof import Proof
from helpers.course.labs.proof import prove as prove_lab


@click.command()
@click.argument("lab", required=False)
@click.option("--step", help="Prove one step; those before it are only solved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def prove(lab: str | None, step: str | None, as_json: bool) -> None:
    """Prove that each graded step's starter fails with the intended message and its solution passes.

    Runs on a fresh workspace with services of its own. Ends with 1 when a step is not proved.
    """
    if step and not lab:
        raise click.UsageError("--step needs a lab: course prove lab1 --step interface")
    specs = [outline.lab(lab)] if lab else list(outline.labs().values())
    proofs: list[Proof] = []
    for spec in specs:
        for proof in prove_lab(spec, step):
            proofs.append(proof)
            if not as_json:
                click.echo(_line(proof))
    failed = sum(not proof.proved for proof in proofs)
    summary = {"proved": len(proofs) - failed, "failed": failed}
    if as_json:
        click.echo(json.dumps({"steps": [p.to_dict() for p in proofs], **summary}, indent=2))
    else:
        click.echo(f"{summary['proved']} steps proved, {failed} failed")
    if failed or not proofs:
        raise click.exceptions.Exit(1)


def _line(proof: Proof) -> str:
    head = f"{'proved' if proof.proved else 'FAILED'}  {proof.lab} {proof.step:14} {proof.seconds:6.1f} s"
    if proof.proved:
        first = proof.starter_says.splitlines()[0]
        return f"{head}  starter: {first}"
    return f"{head}  " + proof.problem.replace("\n", "\n    ")
