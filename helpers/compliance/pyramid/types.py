"""What was measured: one cell for each mutant and layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from helpers.compliance.pyramid.room import Room
from helpers.core.display import Displayed
from helpers.wrappers.hcl_mutants import HclMutant

Outcome = Literal["killed", "survived", "unknown", "not-run"]


@dataclass(frozen=True)
class Layer:
    """One layer of the pyramid.

    Attributes:
        id: short name, as in ``layers=``.
        title: what people call it.
        reads: what it looks at: ``code``, ``plan`` or ``objects``.
        dear: whether it makes real objects, and so is worth leaving out for faults that are known already.
        judge: returns why the module in a room is not accepted, empty when it is. It raises when it cannot tell.
    """

    id: str
    title: str
    reads: Literal["code", "plan", "objects"]
    dear: bool
    judge: Callable[[Room], str] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Cell:
    """What one layer said of one mutant.

    Attributes:
        outcome: ``killed`` (the layer did not accept the mutant), ``survived``, ``unknown`` (the layer could not be
            run: neither) or ``not-run`` (left out, because another layer had killed it).
        reason: the layer's own words.
        seconds: wall time.
    """

    mutant: str
    layer: str
    outcome: Outcome
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class PyramidReport(Displayed):
    """Mutants against layers.

    Attributes:
        layers: from the bottom up, in the order in which they were run.
        mutants: in the order in which they were planted.
        cells: one for each pair.
        baseline: layer -> seconds on the module without a fault, which every layer accepted.
    """

    layers: tuple[Layer, ...]
    mutants: tuple[HclMutant, ...]
    cells: tuple[Cell, ...]
    baseline: dict[str, float]

    def cell(self, mutant: str, layer: str) -> Cell:
        """Return what *layer* said of *mutant*.

        Raises:
            KeyError: there is no such pair.
        """
        for cell in self.cells:
            if (cell.mutant, cell.layer) == (mutant, layer):
                return cell
        raise KeyError((mutant, layer))

    def kills(self, layer: str) -> tuple[str, ...]:
        """Return the ids of the mutants that *layer* killed."""
        return tuple(cell.mutant for cell in self.cells if cell.layer == layer and cell.outcome == "killed")

    def ran(self, layer: str) -> int:
        """Return how many mutants *layer* was run on."""
        return sum(cell.layer == layer and cell.outcome != "not-run" for cell in self.cells)

    def killers(self, mutant: str) -> tuple[str, ...]:
        """Return the layers that killed *mutant*."""
        return tuple(cell.layer for cell in self.cells if cell.mutant == mutant and cell.outcome == "killed")

    def unique(self, layer: str) -> tuple[str, ...]:
        """Return the mutants that *layer* killed and no other layer that was run on them did."""
        return tuple(mutant for mutant in self.kills(layer) if self.killers(mutant) == (layer,))

    @property
    def survivors(self) -> tuple[str, ...]:
        """The mutants that no layer killed, although at least one could be run."""
        return tuple(mutant.id for mutant in self.mutants if not self.killers(mutant.id))

    @property
    def unknown(self) -> tuple[Cell, ...]:
        """The cells in which a layer could not tell."""
        return tuple(cell for cell in self.cells if cell.outcome == "unknown")

    def seconds(self, layer: str) -> float:
        """Return the seconds that *layer* took for all mutants it was run on."""
        return sum(cell.seconds for cell in self.cells if cell.layer == layer)

    def seconds_per_kill(self, layer: str) -> float | None:
        """Return what one caught fault cost; None when the layer caught none."""
        caught = len(self.kills(layer))
        return self.seconds(layer) / caught if caught else None

    def __repr__(self) -> str:
        killed = len(self.mutants) - len(self.survivors)
        unknown = f", {len(self.unknown)} could not be told" if self.unknown else ""
        return f"PyramidReport({killed} of {len(self.mutants)} mutants killed by {len(self.layers)} layers{unknown})"
