"""What a collector remembers is overwritten by what the log says today, without a proof that it only grew."""

from __future__ import annotations

from helpers.compliance.audit import Checkpoint
from helpers.compliance.audit.consistency import grew, signed_by
from tests.compliance.forgeries.test_rewritten import other_history
from tests.compliance.forgeries.world import World, event, leaves, root


def test_forgery(world: World) -> None:
    kept = Checkpoint.parse(world.checkpoint(world.story()))
    longer = world.signed(other_history(world), "pipeline", event("drift", "pipeline", "in-sync"))
    today = Checkpoint.parse(world.checkpoint(longer))
    assert signed_by(today, world.log.public_key), "the log's own key signed it"
    # RFC 6962: from 3 to 4 entries takes the third and fourth leaf, and the root of the first two.
    made = leaves(longer)
    assert not grew(kept, today, [made[2], made[3], root(made[:2])])


def test_honest_twin(world: World) -> None:
    lines = world.story()
    longer = world.signed(lines, "pipeline", event("drift", "pipeline", "in-sync"))
    made = leaves(longer)
    kept, today = (Checkpoint.parse(world.checkpoint(one)) for one in (lines, longer))
    assert grew(kept, today, [made[2], made[3], root(made[:2])])
