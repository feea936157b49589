"""What happens to a material or a licence, and what a page then tells of it."""

from world.asking import Members
from world.feeding import Follower, ask, check_page, page_of, results
from world.filing import LEASE
from world.held import (
    COMPANIES,
    HOLDERS,
    PROVIDER,
    Businesses,
    Leases,
    copied,
    granted,
    looked_up,
)
from world.licensing import LOOKED_UP
from world.time import DAY
from world.town import World

from catalog.licences.status import Act
from hub.licences.issuing import CredentialOrder
from hub.materials.records import today_of


def told(world: World, follower: Follower) -> list[tuple[object, object]]:
    """Change and status of each thing that the next page tells."""
    answer = ask(world, follower.question())
    if answer.status == 204:
        return []
    assert answer.status == 200, answer.body
    follower.take(answer)
    return [(one.get("change"), items_of(one).get("status")) for one in results(answer)]


def items_of(result: Members) -> Members:
    items = result.get("items", {})
    assert isinstance(items, dict)
    return items


def test_a_page_of_materials_is_entered_and_signed_as_any_other(
    world: World, leases: Leases
) -> None:
    leases.file(HOLDERS[0])
    before = world.entries()
    follower = Follower(world.nrb, dataset=LEASE)
    sent = follower.question()
    answer = ask(world, sent)
    receipt = check_page(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert (answer.status, receipt.first, receipt.entries) == (200, before, 1)
    kind, control, person, _ = world.entry(before)
    assert kind == "feed"
    assert isinstance(control, dict)
    assert (control["outcome"], control["dataset"]) == ("answered", f"demo.yifen:{LEASE}")
    assert person == {
        "case": None,
        "officer": "nrb.officer",
        "subject": {"id": HOLDERS[0], "type": "resident_id"},
    }
    assert world.findings().faults == ()


def test_what_happens_to_a_material_is_told(world: World, leases: Leases) -> None:
    follower = Follower(world.nrb, dataset=LEASE)
    assert told(world, follower) == [(None, None)]
    lease = leases.file(HOLDERS[0])
    assert told(world, follower) == [("upserted", "1")]
    leases.set(lease, "suspended")
    assert told(world, follower) == [("removed", None)]
    assert follower.rows == {}
    leases.set(lease, "usable")
    assert told(world, follower) == [("upserted", "1")]
    leases.file(HOLDERS[0], title="Another title")
    assert told(world, follower) == [("upserted", "1")]
    (row,) = copied(follower, leases).values()
    assert items_of(row)["title"] == "Another title"
    leases.set(lease, "withdrawn")
    assert told(world, follower) == [("removed", None)]
    assert told(world, follower) == []
    assert world.findings().faults == ()


def test_what_two_departments_have_filed_is_two_rows(world: World, leases: Leases) -> None:
    follower = Follower(world.nrb, dataset=LEASE)
    lease = leases.file(HOLDERS[0])
    assert leases.file(HOLDERS[0], by="nrb", title="Ours") == lease
    follower.catch_up(world)
    assert set(copied(follower, leases)) == {f"{lease}/mrb", f"{lease}/nrb"}
    leases.set(lease, "withdrawn")
    assert told(world, follower) == [("removed", None), ("removed", None)]


def test_the_last_day_of_a_material_is_told_without_an_entry_of_it(
    world: World, leases: Leases
) -> None:
    follower = Follower(world.nrb, dataset=LEASE)
    today = today_of(world.time())
    leases.file(HOLDERS[0], valid_until=today)
    leases.file(HOLDERS[1])
    follower.catch_up(world)
    world.time.advance(DAY)
    assert told(world, follower) == [("upserted", "2")]
    assert told(world, follower) == []
    assert copied(follower, leases) == looked_up(world.hub, leases, leases.subjects)


def test_the_last_day_of_a_chosen_subjects_material_is_told(world: World, leases: Leases) -> None:
    subjects = [{"case": None, "id": HOLDERS[0], "type": "resident_id"}]
    follower = Follower(world.nrb, dataset=LEASE, subjects=subjects)  # type: ignore[arg-type]
    leases.file(HOLDERS[0], valid_until=today_of(world.time()))
    follower.catch_up(world)
    world.time.advance(DAY)
    assert told(world, follower) == [("upserted", "2")]
    assert told(world, follower) == []


def test_what_was_filed_before_its_last_day_was_known_ends_all_the_same(
    world: World, leases: Leases
) -> None:
    """A store that comes from an earlier release."""
    follower = Follower(world.nrb, dataset=LEASE)
    for number in range(5):
        leases.file(HOLDERS[0], f"Lease {number}", valid_until=today_of(world.time()))
    world.hub.store.connection.execute("UPDATE material_filings SET until = NULL")
    follower.most = 2
    follower.catch_up(world)
    world.time.advance(DAY)
    follower.catch_up(world)
    assert copied(follower, leases) == looked_up(world.hub, leases, leases.subjects)
    assert told(world, follower) == []


def test_what_happens_to_a_licence_is_told(world: World, businesses: Businesses) -> None:
    follower = Follower(world.nrb, dataset=LOOKED_UP)
    follower.catch_up(world)
    licence, _ = businesses.issue(COMPANIES[0], "1")
    assert told(world, follower) == [("upserted", "01")]
    for act, status in (
        (Act.SUSPEND, "02"), (Act.RESUME, "01"), (Act.OTHER, "99"), (Act.REVOKE, "07"),
        (Act.REINSTATE, "01"), (Act.WITHDRAW, "03"), (Act.CANCEL, "04"),
    ):  # fmt: skip
        businesses.act(licence, act, note="待核实")
        assert told(world, follower) == [("upserted", status)]
    assert told(world, follower) == []
    assert copied(follower, businesses) == looked_up(world.hub, businesses, COMPANIES)
    assert world.findings().faults == ()


def test_what_is_transferred_stays_to_be_seen_and_the_new_one_comes(
    world: World, businesses: Businesses
) -> None:
    """A licence is its holder's for good: the new holder gets one of its own."""
    follower = Follower(world.nrb, dataset=LOOKED_UP)
    licence, _ = businesses.issue(COMPANIES[0], "1")
    follower.catch_up(world)
    businesses.act(licence, Act.TRANSFER)
    businesses.issue(COMPANIES[1], "1")
    assert told(world, follower) == [("upserted", "06"), ("upserted", "01")]
    assert copied(follower, businesses) == looked_up(world.hub, businesses, COMPANIES)


def test_what_takes_the_place_of_another_ends_it(world: World, businesses: Businesses) -> None:
    follower = Follower(world.nrb, dataset=LOOKED_UP)
    licence, _ = businesses.issue(COMPANIES[0], "1")
    follower.catch_up(world)
    businesses.issue(COMPANIES[0], "1", replaces=licence)
    assert told(world, follower) == [("upserted", "04"), ("upserted", "01")]
    assert copied(follower, businesses) == looked_up(world.hub, businesses, COMPANIES)
    assert world.findings().faults == ()


def test_what_the_clock_ends_is_told_once_it_is_entered(
    world: World, businesses: Businesses
) -> None:
    follower = Follower(world.nrb, dataset=LOOKED_UP)
    businesses.issue(COMPANIES[0], "1", valid_until=today_of(world.time()))
    follower.catch_up(world)
    world.time.advance(DAY)
    assert world.hub.office.expire() == 1
    assert told(world, follower) == [("upserted", "05")]


def test_a_credential_or_a_print_more_is_nothing_new(world: World, businesses: Businesses) -> None:
    follower = Follower(world.nrb, dataset=LOOKED_UP)
    licence, _ = businesses.issue(COMPANIES[0], "1")
    follower.catch_up(world)
    world.hub.office.credential(PROVIDER, licence, CredentialOrder())
    assert told(world, follower) == []
    businesses.act(licence, Act.SUSPEND)
    assert told(world, follower) == [("upserted", "02")]
    assert world.findings().faults == ()


def test_one_licence_can_be_followed_by_its_number(world: World, businesses: Businesses) -> None:
    _, identifier = businesses.issue(COMPANIES[0], "1")
    businesses.issue(COMPANIES[0], "2")
    subjects = [{"case": None, "id": identifier, "type": "licence_id"}]
    follower = Follower(world.nrb, dataset=LOOKED_UP, subjects=subjects)  # type: ignore[arg-type]
    sent = follower.question()
    answer = ask(world, sent)
    check_page(sent, answer, world.receipt_key.public, world.receipt_kid)
    (one,) = results(answer)
    assert one["subject"] == {"id": identifier, "type": "licence_id"}
    assert items_of(one)["licence_id"] == identifier


def test_only_granted_items_leave_masked(world: World, leases: Leases) -> None:
    granted(world, leases.grant, {"holder_id": "full", "file_name": "present"})
    leases.file(HOLDERS[0], file_name="a.pdf", title="Told to nobody")
    (one,) = results(ask(world, Follower(world.nrb, dataset=LEASE).question()))
    assert items_of(one) == {"file_name": "present", "holder_id": HOLDERS[0]}


def test_a_page_ends_between_any_two_rows(world: World, leases: Leases) -> None:
    """Also between the rows of one material, and of one subject."""
    lease = leases.file(HOLDERS[0])
    leases.file(HOLDERS[0], by="nrb", title="Ours")
    leases.file(HOLDERS[0], "Another")
    everybody = Follower(world.nrb, dataset=LEASE, most=1)
    subjects = [{"case": None, "id": HOLDERS[0], "type": "resident_id"}]
    one = Follower(world.nrb, dataset=LEASE, most=1, subjects=subjects)  # type: ignore[arg-type]
    for follower in (everybody, one):
        assert follower.catch_up(world) in {3, 4}
        assert copied(follower, leases) == looked_up(world.hub, leases, leases.subjects)
        leases.set(lease, "suspended")
        assert follower.catch_up(world) == 2
        assert copied(follower, leases) == looked_up(world.hub, leases, leases.subjects)
        leases.set(lease, "usable")


def test_two_pages_of_a_reset_in_which_a_row_goes(world: World, leases: Leases) -> None:
    first, second = (leases.file(HOLDERS[n], f"Lease {n}") for n in (0, 1))
    follower = Follower(world.nrb, dataset=LEASE, most=1)
    assert follower.once(world)
    assert set(copied(follower, leases)) == {f"{first}/mrb"}
    leases.set(first, "suspended")
    follower.catch_up(world)
    assert set(copied(follower, leases)) == {f"{second}/mrb"}


def test_who_begins_after_a_withdrawal_never_hears_of_it(world: World, leases: Leases) -> None:
    leases.set(leases.file(HOLDERS[0]), "withdrawn")
    answer = ask(world, Follower(world.nrb, dataset=LEASE).question())
    assert [one["change"] for one in results(answer)] == [None]
    assert page_of(answer)["reset"] == {"begins": True, "ends": True}


def test_disputes_and_repairs(world: World, leases: Leases) -> None:
    lease = leases.file(HOLDERS[0])
    subjects = [{"case": None, "id": HOLDERS[0], "type": "resident_id"}]
    followers = [
        Follower(world.nrb, dataset=LEASE),
        Follower(world.nrb, dataset=LEASE, subjects=subjects),  # type: ignore[arg-type]
    ]
    for follower in followers:
        follower.catch_up(world)
    for kind, expected in (
        ("disputed", [("upserted", "1")]), ("repaired", [("removed", None)]),
        ("cleared", [("upserted", "1")]),
    ):  # fmt: skip
        leases.mark((lease, "mrb"), HOLDERS[0], kind)  # type: ignore[arg-type]
        for follower in followers:
            assert told(world, follower) == expected
            assert copied(follower, leases) == looked_up(world.hub, leases, leases.subjects)


def test_what_was_repaired_and_then_withdrawn_is_not_told_again(
    world: World, leases: Leases
) -> None:
    lease = leases.file(HOLDERS[0])
    leases.mark((lease, "mrb"), HOLDERS[0], "repaired")
    follower = Follower(world.nrb, dataset=LEASE)
    follower.catch_up(world)
    leases.set(lease, "withdrawn")
    assert told(world, follower) == []
