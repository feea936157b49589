"""Receipts: the proofs behind them are fetched, and one is verified while the hub stands still."""

import time

from hub.ops.demo.acts.asking import Known
from hub.ops.demo.cast import DATASETS, LAND, MARKET
from hub.ops.demo.connector import Fetched, Proven, Refusal
from hub.ops.demo.processes import paused
from hub.ops.demo.stage import Office, Stage

PATIENCE = 10.0
"""Seconds within which a checkpoint must cover the newest entry; one is due within a second."""
_BETWEEN = 0.3


def play(stage: Stage, known: Known) -> int:
    """Fetch all proofs, export one receipt, verify it, spoil it; gives how many were proven."""
    teller, land, market = stage.teller, stage.offices[LAND], stage.offices[MARKET]
    teller.act("demo.proving")
    teller.step("demo.proving.fetched")
    # These three have asked one by one; cases are asked in rounds, whose receipts the answer holds.
    fetched = [_fetch(stage.offices[code]) for code in DATASETS]
    proven = sum(one.proven for one in fetched)
    waiting = sum(one.waiting for one in fetched)
    teller.say("demo.proving.numbers", proven=proven)
    teller.expect(proven > 0 and waiting == 0, seen=f"{proven} {waiting}")

    evidence = land.files / f"evidence-{known.entry}.json"
    land.connector.export(known.entry, evidence)
    teller.step("demo.proving.offline", entry=known.entry)
    if stage.hub is None:
        raise stage.hub_ended()
    with paused(stage.hub):
        told = market.connector.check(evidence)
    holds = (
        isinstance(told, Proven)
        and (told.entry, told.outcome) == (known.entry, "answered")
        and told.ledger_size is not None
    )
    teller.expect(holds, seen=told.code if isinstance(told, Refusal) else str(told))

    teller.step("demo.proving.spoilt")
    data = evidence.read_bytes()
    spoilt = data.replace(b'"outcome":"answered"', b'"outcome":"refused"')
    forged = land.files / "evidence-forged.json"
    forged.write_bytes(spoilt)
    told = market.connector.check(forged)
    forged.unlink()
    broken = (
        isinstance(told, Refusal) and told.code == "connector-evidence-broken" and spoilt != data
    )
    teller.expect(broken, seen=told.code if isinstance(told, Refusal) else "held")
    return proven


def _fetch(office: Office) -> Fetched:
    """Fetch until nothing waits; gives the sum."""
    proven = 0
    deadline = time.monotonic() + PATIENCE
    while True:
        fetched = office.connector.fetch()
        proven += fetched.proven
        if not fetched.waiting or time.monotonic() > deadline:
            return Fetched(proven=proven, waiting=fetched.waiting)
        time.sleep(_BETWEEN)
