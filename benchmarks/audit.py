"""What the audit trail costs: events a second, and proofs and verification as the log grows.

In a world of its own. One event is recorded durably: signed, on disk, in a signed checkpoint, which the log issues at
most ten times a second; so many writers at once, or many events handed in together, share a checkpoint. A proof is
asked for over HTTP and verified by the stranger's program, whose start is in the time. The growth of a proof is
compared with the logarithm of the log's size: its ratio to that is at most about one when it grows no faster.
"""

from __future__ import annotations

import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from helpers.compliance.audit import Event, Subject, Trail, enrol, verify_consistency, verify_export, verify_inclusion
from helpers.course.labs.proof import isolated_services
from helpers.runtime import services

SIZES = (100, 1_000, 10_000, 100_000)
#: Events recorded at once by several processes, and how many processes.
CONCURRENT, WRITERS = 1_000, 8
SAMPLES = 40
#: How much faster than the logarithm a proof's time may grow before it counts as over: the noise of a shared machine.
SLACK = 1.5

#: One writer: its threads record one event at a time, as a busy pipeline does.
WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from helpers.compliance.audit import Subject, Trail
trail, count, threads = Trail(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
trail.checkpoint(), trail.collector
def one(number):
    subject = Subject.of(f"{sys.argv[1]}-{number}", b"x")
    return trail.record("plan", actor=sys.argv[1], subject=subject, decision="accepted").index
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(threads) as pool:
    print(*pool.map(one, range(count)))
"""


def measure(sizes: Sequence[int] = SIZES, concurrent: int = CONCURRENT, writers: int = WRITERS) -> dict[str, Any]:
    """Return the figures; each of *sizes* is reached by adding to the same log."""
    load = os.getloadavg()[0]
    with isolated_services():
        services.ensure("audit")
        trail = Trail()
        single = [_seconds(lambda: trail.record_all([_event(0)])) for _ in range(10)]
        rows = [_size(trail, size) for size in sizes]
        together = _concurrent(trail, concurrent, writers)
        valid = trail.verify().status
    return {
        "benchmark": "audit",
        "cores": psutil.cpu_count(),
        "load_before": round(load, 1),
        "single_event_ms": round(statistics.median(single) * 1000, 1),
        "concurrent": together,
        "sizes": rows,
        "growth": growth(rows),
        "valid": valid,
        "over_goal": [row["what"] for row in growth(rows) if row["against_log"] > SLACK],
    }


def growth(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return by what each proof grew from the smallest to the largest log, side by side with the logarithm."""
    if len(rows) < 2:
        return []
    first, last = rows[0], rows[-1]
    logarithm = math.log2(last["events"]) / math.log2(first["events"])
    found = []
    for what in ("inclusion_ms", "consistency_ms", "verify_inclusion_ms", "verify_consistency_ms", "inclusion_hashes"):
        ratio = last[what] / first[what]
        found.append(
            {
                "what": what,
                "ratio": round(ratio, 2),
                "log_ratio": round(logarithm, 2),
                "size_ratio": round(last["events"] / first["events"]),
                "against_log": round(ratio / logarithm, 2),
            }
        )
    return found


def _event(number: int) -> Event:
    return Event("plan", "ada", Subject.of(f"plan-{number}", str(number)), "accepted", "3 to add, 1 to change")


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _concurrent(trail: Trail, count: int, writers: int) -> dict[str, Any]:
    """Return what it takes to record *count* events at once, and whether order and proofs are kept."""
    start, threads = trail.checkpoint().size, 4
    argv = [sys.executable, "-c", WRITER]
    for n in range(writers):
        enrol(f"w{n}", ["plan"])
    running = [
        subprocess.Popen(
            [*argv, f"w{n}", str(count // writers), str(threads)],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for n in range(writers)
    ]
    for one in running:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    acknowledged = [int(i) for one in running for i in one.communicate()[0].split()]
    took = time.perf_counter() - begun
    entries = trail.entries(start)
    chained = all(b.previous == a.leaf_hash for a, b in itertools.pairwise(entries))
    key = trail.directory.public_key
    proved = all(
        verify_inclusion(trail.inclusion(entry.index), entry, key=key) for entry in entries[:: max(1, count // 20)]
    )
    return {
        "events": len(entries),
        "processes": writers,
        "threads_each": threads,
        "seconds": round(took, 2),
        "events_per_second": round(len(entries) / took, 1),
        "all_acknowledged_in_order": chained and sorted(acknowledged) == [entry.index for entry in entries],
        "proofs_hold": proved,
    }


def _size(trail: Trail, size: int) -> dict[str, Any]:
    """Grow the log to *size* events and return what it costs there."""
    before = trail.checkpoint()
    missing = size - before.size
    grown = _seconds(lambda: trail.record_all(_event(n) for n in range(missing)))
    key, indexes = trail.directory.public_key, [i * size // SAMPLES for i in range(SAMPLES)]
    inclusion = [_seconds(lambda i=i: trail.inclusion(i)) for i in indexes]  # type: ignore[misc]
    consistency = [_seconds(lambda i=i: trail.consistency(max(1, i))) for i in indexes]  # type: ignore[misc]
    proof, entry = trail.inclusion(size // 3), trail.entries(size // 3, size // 3 + 1)[0]
    grew = trail.consistency(before)
    verified = [_seconds(lambda: verify_inclusion(proof, entry, key=key)) for _ in range(9)]
    consistent = [_seconds(lambda: verify_consistency(grew, before, key=key)) for _ in range(9)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "export"
        exported = _seconds(lambda: trail.export(out))
        whole = _seconds(lambda: verify_export(out, key=key, collectors=trail.directory.collectors))
    return {
        "events": size,
        "added_per_second": round(missing / grown, 1) if missing else None,
        "inclusion_ms": _ms(inclusion),
        "inclusion_hashes": max(trail.inclusion(i).hashes for i in indexes),
        "log2": math.ceil(math.log2(size)),
        "consistency_ms": _ms(consistency),
        "verify_inclusion_ms": _ms(verified),
        "verify_consistency_ms": _ms(consistent),
        "export_seconds": round(exported, 3),
        "verify_export_seconds": round(whole, 3),
        "verify_export_us_per_event": round(whole / size * 1e6, 1),
    }


def _ms(times: Sequence[float]) -> float:
    return round(statistics.median(times) * 1000, 3)


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines for a person."""
    many = found["concurrent"]
    yield f"one event, durable and in a signed checkpoint  {found['single_event_ms']:8.1f} ms"
    yield f"{many['events']} events of {many['processes']} processes at once      {many['events_per_second']:8.1f} /s"
    yield f"  order kept: {many['all_acknowledged_in_order']}, proofs hold: {many['proofs_hold']}"
    yield f"{'events':>8}{'added/s':>10}{'proof':>10}{'hashes':>8}{'verify it':>11}{'export':>9}{'verify all':>12}"
    for row in found["sizes"]:
        added = f"{row['events']:8}{row['added_per_second'] or 0:10.0f}"
        proof = f"{row['inclusion_ms']:7.2f} ms{row['inclusion_hashes']:8}{row['verify_inclusion_ms']:8.1f} ms"
        yield f"{added}{proof}{row['export_seconds']:7.2f} s{row['verify_export_seconds']:10.2f} s"
    for row in found["growth"]:
        beside = f"the logarithm {row['log_ratio']:.2f}, the log {row['size_ratio']} times"
        yield f"{row['what']:24} grew {row['ratio']:5.2f} times, {beside}"


def plot(found: dict[str, Any], file: Path) -> None:
    """Draw proofs and verification against the size of the log, beside the logarithm and the size itself."""
    from matplotlib.figure import Figure  # 0.45 s, only for a figure

    rows = found["sizes"]
    events = [row["events"] for row in rows]
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for what, label, style in (
        ("inclusion_ms", "inclusion proof", "o-"),
        ("consistency_ms", "consistency proof", "s-"),
        ("verify_inclusion_ms", "verification of a proof", "^-"),
    ):
        axes.plot(events, [row[what] for row in rows], style, label=label)
    axes.plot(events, [row["verify_export_seconds"] * 1000 for row in rows], "D-", label="verification of everything")
    scale = rows[0]["inclusion_ms"] / math.log2(events[0])
    axes.plot(events, [scale * math.log2(n) for n in events], ":", color="grey", label="the logarithm")
    axes.set(xscale="log", yscale="log", xlabel="events in the log", ylabel="milliseconds", title="Audit trail")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(file)
