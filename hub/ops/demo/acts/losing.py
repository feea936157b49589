"""A licence is revoked while a case rests on it: the next question does not take it any more."""

from catalog.evidence.engine import day_of
from hub.ops.demo.acts.restaurant import Restaurant
from hub.ops.demo.cast import FIRE, MARKET
from hub.ops.demo.counter import Counter
from hub.ops.demo.errors import ConnectorFailed
from hub.ops.demo.licences import change as change_licence
from hub.ops.demo.notice import refused, whence
from hub.ops.demo.rows import change
from hub.ops.demo.services import BUSINESS_LICENCE, FIRE_CHECK
from hub.ops.demo.stage import Stage

_IN_FORCE, _REVOKED = "01", "07"
_ACTIVE, _STRUCK = "1", "2"
"""登记状态 存续, 吊销."""


def play(stage: Stage, restaurant: Restaurant) -> None:
    """Revoke the business licence, try to conclude; set the decision aside, and conclude."""
    teller, counter = stage.teller, Counter(stage, stage.offices[FIRE])
    teller.act("demo.losing")
    teller.step("demo.losing.revoked", case=restaurant.cases[FIRE_CHECK].number)
    status = _change(stage, restaurant, "revoke", _STRUCK)
    case = counter.accept(restaurant.cases[FIRE_CHECK])
    fallen = [one.material for one in case.fallen]
    paper = case.paper(BUSINESS_LICENCE)
    teller.say("demo.losing.why", why=refused(teller, paper.pieces[0]))
    gone = {one.material for one in case.lacking} == {BUSINESS_LICENCE}
    open_ = case.status == "open" and paper.status == "must_bring"
    told = status == _REVOKED and fallen == [BUSINESS_LICENCE] and gone and open_
    teller.expect(told, seen=f"{status} {case.status} {fallen}")

    teller.step("demo.losing.reinstated")
    status = _change(stage, restaurant, "reinstate", _ACTIVE)
    case = counter.accept(case)
    teller.say("demo.losing.again", by=whence(teller, case.paper(BUSINESS_LICENCE)))
    accepted = (status, case.status, case.result) == (_IN_FORCE, "concluded", "accepted")
    restaurant.cases[FIRE_CHECK] = case
    teller.expect(accepted, seen=f"{status} {case.status}")


def _change(stage: Stage, restaurant: Restaurant, act: str, registered: str) -> str:
    """Change the licence, and the register with it; gives the licence's status."""
    office = stage.offices[MARKET]
    if restaurant.licence is None:
        raise ConnectorFailed(command="licence", why="none")
    done = change_licence(stage, office, restaurant.licence, act)
    row = restaurant.entity(day_of(stage.clock()), registered)
    change(office, "legal_entity", [row], act)
    return done.status
