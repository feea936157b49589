"""Where a feed shows: on the grant's page, and to auditors who look for a person."""

from publishing import resident_id
from world.feeding import Follower
from world.town import ADMINISTRATOR, World

from hub.access.grant import Grant
from hub.audit.search import Filters


def test_auditors_find_what_was_told_of_a_person(world: World, follower: Follower) -> None:
    follower.catch_up(world)
    filters = Filters(subject=resident_id(1), kind="feed")
    found = world.hub.audit.search(world.hub.changes, ADMINISTRATOR, filters)
    assert [row.outcome for row in found.rows] == ["answered"] * 3
    assert {(row.department, row.officer) for row in found.rows} == {("nrb", "nrb.officer")}


def test_a_grant_tells_when_it_was_last_followed(
    world: World, held: Grant, follower: Follower
) -> None:
    assert world.hub.audit.delivered(held.id) is None
    follower.catch_up(world)
    told = world.time()
    world.time.advance(1000)
    follower.gateway = world.nrb
    assert not follower.once(world)
    assert world.hub.audit.delivered(held.id) == told
    assert world.hub.audit.delivered(world.grant.id) is None


def test_the_grants_page_shows_that_it_is_followed(
    world: World, held: Grant, follower: Follower
) -> None:
    world.hub.store.connection.execute("UPDATE people SET must_change = 0")
    session = world.hub.sessions.issue("admin").token
    cookie = {"cookie": f"yifen-language=en; __Host-yifen={session}"}
    before = world.http("GET", f"/grants/{held.id}", cookie).body.decode()
    assert "Follow" in before
    assert "Nobody has followed yet" in before
    follower.catch_up(world)
    after = world.http("GET", f"/grants/{held.id}", cookie).body.decode()
    assert "Nobody has followed yet" not in after
