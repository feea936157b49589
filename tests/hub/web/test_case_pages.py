"""The console's pages of cases: who sees what, content for its officers alone, forms, acts."""

import re
from collections.abc import Iterator

import pytest
from world.casework import APPLICANT, OTHER, SERVICE, SERVICE_TOML
from world.counter import GIVEN, NEW, OFFICER, Counter, case_of, text_of
from world.delegating import delegated
from world.everyone import APPLICANT as WINDOW
from world.everyone import THIRD, Everyone
from world.time import DAY
from world.town import ADMINISTRATOR, PURPOSE, Town, open_world

from catalog.messages import text
from hub.cases import register
from hub.cases.listing import listed

CONTENT = (APPLICANT, "张三丰", "备案-2026-17")
WINDOW_OFFICER = f"{WINDOW}.officer"


@pytest.fixture(scope="module")
def counter(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with open_world(town, tmp_path_factory.mktemp("counter") / "hub") as world:
        yield Counter.of(Everyone.of(world))


@pytest.fixture(scope="module")
def case(counter: Counter) -> str:
    return counter.opened()


def kinds(counter: Counter, since: int) -> list[str]:
    rows = counter.everyone.world.hub.reading.execute(
        "SELECT leaf FROM entries WHERE position >= ? ORDER BY position", (since,)
    )
    return [re.findall(rb'"kind":"([a-z-]+)"', leaf)[0].decode() for (leaf,) in rows]


def test_what_was_opened_is_seen_at_once(counter: Counter) -> None:
    answer = counter.open()
    page = text_of(answer)
    assert answer.status == 200
    for known in (*CONTENT, "居民身份证", "房屋平面图", text("case.done.open", "zh")):
        assert known in page
    # A value with its source and the entry that it rests on.
    assert (
        re.search(r"<td>李伟\s*<.*?常住人口.*?存证第 \d+ 号", page, re.DOTALL) or "存证第" in page
    )
    assert re.findall(r"notice\.|case\.[a-z]+\.", page) == []


@pytest.mark.parametrize("who", [OFFICER, f"{THIRD}.head", f"{THIRD}.steward", "auditor"])
def test_states_tell_nothing_of_anybody(counter: Counter, case: str, who: str) -> None:
    entries = counter.everyone.world.entries()
    for path in ("/cases", f"/cases/{case}", f"/cases/{case}/notice"):
        answer = counter.get(path, who)
        page = text_of(answer)
        for known in CONTENT:
            assert known not in page, (who, path)
        if path != f"/cases/{case}/notice":
            assert case in page
    assert counter.everyone.world.entries() == entries


@pytest.mark.parametrize("act", ["content", "notice"])
def test_reading_is_an_entry_that_names_the_officer(counter: Counter, case: str, act: str) -> None:
    before = counter.everyone.world.entries()
    page = text_of(counter.post(f"/cases/{case}/{act}", {}))
    assert "备案-2026-17" in page
    assert kinds(counter, before) == ["case"]
    assert f"{before:,}" in page
    _, control, person, _ = counter.everyone.world.entry(before)
    assert isinstance(control, dict)
    assert isinstance(control["state"], dict)
    assert control["state"]["act"] == "read"
    assert isinstance(person, dict)
    assert person["officer"] == f"all.{OFFICER}"


@pytest.mark.parametrize(
    "who",
    [
        f"{THIRD}.head",
        f"{THIRD}.steward",
        "auditor",
        "administrator",
        WINDOW_OFFICER,
        "psb.officer",
    ],
)
@pytest.mark.parametrize(
    "act",
    [
        "content",
        "notice",
        "supplement",
        "review",
        "materials",
        "commitments",
        "outcome",
        "withdraw",
    ],
)
def test_attack_content_and_acts_by_whoever_does_not_handle_it(
    counter: Counter, case: str, who: str, act: str
) -> None:
    entries, version = counter.everyone.world.entries(), counter.version(case)
    sketch = {"required": f"{SERVICE}/sketch", "number": 1, "outcome": "failed"}
    answer = counter.act(case, act, sketch, who)
    assert answer.status in {403, 404}
    page = text_of(answer)
    for known in CONTENT:
        assert known not in page
    assert (counter.everyone.world.entries(), counter.version(case)) == (entries, version)


def test_another_departments_case_is_as_absent_as_none(counter: Counter, case: str) -> None:
    absent = "C-0000000000000000"
    for path in ("/cases/{}", "/cases/{}/notice"):
        found = [counter.get(path.format(one), WINDOW_OFFICER) for one in (case, absent)]
        assert [one.status for one in found] == [404, 404]
        secret = re.compile(r'name="form" value="[^"]*"')
        pages = [secret.sub("", text_of(one)).replace(case, absent) for one in found]
        assert pages[0] == pages[1]
    assert case not in text_of(counter.get("/cases", WINDOW_OFFICER))


def test_no_address_names_anybody(counter: Counter) -> None:
    answer = counter.open()
    addresses = re.findall(r'(?:href|action)="([^"]*)"', text_of(answer))
    assert addresses
    assert [one for one in addresses if APPLICANT in one] == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"party.applicant": "110105194912310021"}, "party-applicant-fault"),
        ({"party.applicant": ""}, "party-applicant-fault"),
        ({"who": "number", "party.subject": "x"}, "party-subject-fault"),
        # Where the service does not foresee it the subject is the applicant or has a number.
        ({"who": "number", "party.subject": ""}, "party-subject-fault"),
        ({"party.owner": "12"}, "party-owner-fault"),
        ({"given.born": "yesterday"}, "given-born-fault"),
        ({"purpose": "credit_supervision"}, "purpose-fault"),
        ({"case": ""}, "case-fault"),
    ],
    ids=str,
)
def test_a_slip_of_the_hand_opens_nothing(
    counter: Counter, changes: dict[str, object], fault: str
) -> None:
    entries = counter.everyone.world.entries()
    answer = counter.open(**changes)
    assert answer.status == 422
    assert fault in text_of(answer)
    assert counter.everyone.world.entries() == entries


def test_a_subject_without_number_only_where_it_is_foreseen(counter: Counter) -> None:
    assert "none" not in re.findall(
        r'name="who" value="([a-z]+)"', text_of(counter.get(f"{NEW}?service={SERVICE}"))
    )
    newborn = SERVICE_TOML.replace('"lease_record"', '"newborn"').replace(
        "agent = true", "agent = true\nsubject_identified = false"
    )
    newborn = newborn.replace("B2000131023000", "B2000131023001")
    hub = counter.everyone.world.hub
    register.put_services(hub.changes, ADMINISTRATOR, [newborn.encode()], of=None)
    assert "none" in re.findall(
        r'name="who" value="([a-z]+)"', text_of(counter.get(f"{NEW}?service=newborn"))
    )
    answer = counter.open(service="newborn", who="none")
    assert answer.status == 200
    assert text("case.who.none", "zh") in text_of(answer)
    # Once it has one, it is supplemented.
    found = case_of(answer)
    done = counter.act(
        found,
        "supplement",
        {"who": "number", "party.subject": OTHER, "given.name": "张三丰"},
    )
    assert done.status == 200
    assert OTHER in text_of(done)
    # Of two services both must foresee it.
    both = text_of(counter.get(f"{NEW}?service=newborn&service={SERVICE}"))
    assert "none" not in re.findall(r'name="who" value="([a-z]+)"', both)


def test_the_same_form_again_finds_its_case_and_reading_it_is_an_entry(counter: Counter) -> None:
    fields: dict[str, object] = {**GIVEN, "seed": "one and the same"}
    first = counter.post(NEW, fields)
    before = counter.everyone.world.entries()
    again = counter.post(NEW, fields)
    assert case_of(again) == case_of(first)
    assert kinds(counter, before) == ["case"]
    changed = counter.post(NEW, fields | {"case": "另一件"})
    assert changed.status == 409


def test_from_opening_to_its_end(counter: Counter) -> None:
    case = counter.opened()
    # Papers that cannot be filed are noted; whatever is not there is told.
    answer = counter.act(case, "conclude", {"result": "accepted", "reason": "齐全"})
    page = text_of(answer)
    assert text("case.done.not-concluded", "zh") in page
    assert "房屋平面图" in page.split(text("case.lacking", "zh"))[1][:600]
    lease = counter.desk.file()
    for paper, filed in (("sketch", ""), ("lease", lease)):
        required = {"required": f"{SERVICE}/{paper}", "filed": filed}
        assert counter.act(case, "materials", required).status in {200, 409}, paper
    promised = {"required": [f"{SERVICE}/promise", f"{SERVICE}/later"]}
    taken = text_of(counter.act(case, "commitments", promised))
    assert text("case.promise.open", "zh") in taken
    done = text_of(counter.act(case, "conclude", {"result": "accepted", "reason": "齐全"}))
    assert text("case.done.conclude", "zh") in done
    assert "齐全" in done
    # What was to follow is handed in afterwards, and what was promised is checked.
    assert counter.act(case, "materials", {"required": f"{SERVICE}/later"}).status == 200
    for number, outcome in ((1, "checked"), (2, "fulfilled")):
        answer = counter.act(case, "outcome", {"number": number, "outcome": outcome})
        assert answer.status == 200, text_of(answer)
    assert counter.act(case, "withdraw").status == 409


def test_what_has_fallen_away_is_told(counter: Counter) -> None:
    case = counter.opened()
    world = counter.everyone.world
    world.regrant(items={"name": "full"})
    try:
        page = text_of(counter.act(case, "review"))
    finally:
        world.regrant()
    fallen = page.split(f'id="fallen">{text("case.fallen", "zh")}')[1]
    assert "居民身份证" in fallen[:400]
    assert text("case.done.fallen", "zh") in page


@pytest.mark.parametrize(
    ("act", "fields", "status"),
    [
        ("conclude", {"result": "accepted", "reason": ""}, 422),
        ("conclude", {"result": "perhaps", "reason": "x"}, 422),
        ("commitments", {}, 422),
        ("commitments", {"required": f"{SERVICE}/sketch"}, 409),
        ("outcome", {"number": 1, "outcome": "perhaps"}, 422),
        ("outcome", {"number": 1, "outcome": "failed"}, 404),
        ("materials", {"required": "none/such"}, 404),
        ("materials", {"required": f"{SERVICE}/lease"}, 422),
        ("materials", {"required": f"{SERVICE}/lease", "filed": "m-" + "0" * 32}, 404),
        ("review", {"version": 99}, 409),
        ("supplement", {"given.born": "yesterday"}, 422),
    ],
    ids=str,
)
def test_an_act_that_does_not_fit_changes_nothing(
    counter: Counter, case: str, act: str, fields: dict[str, object], status: int
) -> None:
    version = counter.version(case)
    answer = counter.act(case, act, fields)
    assert answer.status == status, text_of(answer)
    assert counter.version(case) == version


def test_a_window_opens_under_a_delegation_that_is_named(counter: Counter) -> None:
    world = counter.everyone.world
    assert SERVICE not in text_of(counter.get(NEW, WINDOW_OFFICER))
    assert counter.open(WINDOW_OFFICER).status == 404
    found = delegated(world.hub.changes, world.time(), services=(SERVICE,))
    world.hub.book.refresh()
    pick = text_of(counter.get(NEW, WINDOW_OFFICER))
    assert SERVICE in pick
    assert found.id in pick
    form = text_of(counter.get(f"{NEW}?service={SERVICE}", WINDOW_OFFICER))
    assert found.id in form
    assert re.findall(r'<option value="([a-z_]+)">', form)[:1] == [PURPOSE]
    answer = counter.open(WINDOW_OFFICER)
    page = text_of(answer)
    assert answer.status == 200
    assert found.id in page
    case = case_of(answer)
    # It is the window's: the department whose service it is does not see it.
    assert counter.get(f"/cases/{case}").status == 404
    assert case in text_of(counter.get("/cases", WINDOW_OFFICER))
    world.time.advance(21 * DAY)
    assert counter.open(WINDOW_OFFICER).status == 404


def test_the_list_is_narrowed_and_goes_by_pages(counter: Counter) -> None:
    _, _, case = (counter.opened() for _ in range(3))
    assert counter.act(case, "withdraw").status == 200
    reading = counter.everyone.world.hub.reading
    withdrawn = text_of(counter.get("/cases?status=withdrawn"))
    assert case in withdrawn
    assert case not in text_of(counter.get("/cases?status=open"))
    assert case not in text_of(counter.get("/cases?service=newborn"))
    assert case in text_of(counter.get(f"/cases?service={SERVICE}"))
    every = [one.id for one in listed(reading, THIRD, most=1000).cases]
    found: list[str] = []
    before: str | None = None
    while True:
        page = listed(reading, THIRD, before=before, most=2)
        found += [one.id for one in page.cases]
        before = page.more
        if before is None:
            break
    assert found == every
    assert len(found) == len(set(found)) > 2
    assert [one.id for one in listed(reading, WINDOW).cases if one.id in found] == []
    # Nor does another department's case say where it stands: it is as absent as none.
    window = listed(reading, WINDOW).cases
    assert window
    assert listed(reading, THIRD, before=window[0].id).cases == []
    assert counter.get("/cases?status=<b>&before=none").status == 200


def test_both_languages(counter: Counter, case: str) -> None:
    world = counter.everyone.world
    session = world.hub.sessions.issue(f"all.{OFFICER}")
    headers = {"cookie": f"__Host-yifen={session.token}; yifen-language=en"}
    for path in ("/cases", f"/cases/{case}", NEW, f"{NEW}?service={SERVICE}"):
        page = world.http("GET", path, headers, b"").body.decode()
        assert text("console.nav.cases", "en") in page
        assert text("console.nav.cases", "zh") not in page
    chosen = world.http("GET", f"{NEW}?service=a&service=b&lang=zh", headers, b"")
    assert chosen.headers["location"] == f"{NEW}?service=a&service=b"


def test_attack_markup_in_what_was_entered(counter: Counter) -> None:
    page = text_of(counter.open(**{"given.name": "<img src=x>", "case": "<b>1</b>"}))
    assert "<img src=x" not in page
    assert "<b>1" not in page
    assert "&lt;img" in page
