"""A publication whose sender has lost its standing does not go live by itself."""

from collections.abc import Callable

import pytest
from publishing import (
    COLUMNS,
    CONNECTOR,
    DEPARTMENT,
    KEYID,
    STEWARD,
    SmallHub,
    as_chunks,
    residents,
)

from hub.access import connectors, departments
from hub.ledger.change import OPERATOR
from hub.publish.processes import take_lock


def revoke(small: SmallHub) -> None:
    connectors.revoke_certificate(small.changes, OPERATOR, KEYID)


def suspend_connector(small: SmallHub) -> None:
    connectors.set_status(small.changes, OPERATOR, CONNECTOR, "suspended")


def suspend_department(small: SmallHub) -> None:
    departments.set_status(small.changes, OPERATOR, DEPARTMENT, "suspended")


WITHOUT_STANDING = pytest.mark.parametrize("how", [revoke, suspend_connector, suspend_department])


def uploaded(small: SmallHub) -> str:
    """A publication that has come in whole, whose job has not begun."""
    publication = small.begin("resident", COLUMNS)
    lock = take_lock(small.folder.staging / publication)
    assert lock is not None
    small.complete(publication, as_chunks(residents(50)))
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
    return publication


def settle(small: SmallHub, publication: str) -> None:
    small.publications.recover()
    small.publications.wait(publication, 60)


@WITHOUT_STANDING
def test_a_sender_without_standing_at_the_flip(
    small: SmallHub, how: Callable[[SmallHub], None]
) -> None:
    small.publish("resident", COLUMNS, residents(40))
    before = small.live("resident")
    publication = uploaded(small)
    how(small)
    entries = len(small.entries())
    settle(small, publication)

    assert small.live("resident") == before
    assert small.status(publication)["state"] == "held"
    assert small.report(publication)["why_held"] == ["connector-suspended"]
    assert len(small.entries()) == entries
    assert len(small.rejections(publication)) == 0


def test_holding_back_leaves_the_epoch(small: SmallHub) -> None:
    publication = uploaded(small)
    suspend_connector(small)
    query = "SELECT next, epoch FROM ledger_head"
    before = small.store.connection.execute(query).fetchone()
    settle(small, publication)
    assert small.store.connection.execute(query).fetchone() == before


def test_every_reason_for_holding_is_told(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(100))
    publication = uploaded(small)
    revoke(small)
    settle(small, publication)
    assert small.report(publication)["why_held"] == ["fewer-rows", "connector-suspended"]


@WITHOUT_STANDING
def test_a_steward_may_let_it_through(small: SmallHub, how: Callable[[SmallHub], None]) -> None:
    publication = uploaded(small)
    how(small)
    settle(small, publication)
    small.publications.release(publication, STEWARD)
    assert small.status(publication)["state"] == "live"
    kind, state = small.entries()[-1]
    assert (kind, state["released_by"]) == ("publication", "trial.yifen:psb")


def test_a_sender_that_may_act_again_goes_live(small: SmallHub) -> None:
    publication = uploaded(small)
    suspend_connector(small)
    connectors.set_status(small.changes, OPERATOR, CONNECTOR, "active")
    settle(small, publication)
    assert small.status(publication)["state"] == "live"
