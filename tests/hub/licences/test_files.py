"""The file of a licence under a grant: all or nothing, only while in force, printed once."""

import asyncio
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from world import licensing as licences
from world.asking import Answer
from world.auditing import Auditor, export_of, load
from world.licensing import BUSINESS, COMPANY, LOOKED_UP, asked, birth, terms_of
from world.on_record import ON_RECORD
from world.time import DAY
from world.town import ADDRESS, ADMINISTRATOR, PURPOSE, SUBJECTS, Town
from world.viewing import FONT, NO_FONT, ON_PAPER, Viewing, full, viewing

from catalog.licences import dataset
from catalog.licences.document import on_paper
from catalog.licences.licence_type import bundled
from certs.canonical import Json, canonical
from certs.encoding import b64u
from certs.note import vkey
from hub.access import grants
from hub.audit.search import Filters
from hub.catalogue import datasets
from hub.errors import NotFound
from hub.ledger.change import Actor
from hub.licences.files import HELD_BYTES, MAX_FILES, Printed, Wanted
from hub.licences.papers import MAX_PAPERS, Draft
from hub.lookup.views import ViewedLicence

pytestmark = pytest.mark.skipif(NO_FONT, reason="no Chinese font here")
ROOT = "1.2.156.3005.2."
MRB = Actor("connector", department="mrb")


@pytest.fixture
def viewed(town: Town, tmp_path: Path) -> Iterator[Viewing]:
    with viewing(town, tmp_path) as opened:
        yield opened


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


def shown(data: bytes) -> str:
    """All that a reader reads in a file."""
    pages = pypdfium2.PdfDocument(data)
    return "".join(page.get_textpage().get_text_bounded() for page in pages).replace("\r\n", "")


def checked(viewed: Viewing, data: bytes) -> Answer:
    body = canonical({"sha256": sha256(data).hexdigest()})
    return viewed.world.http("POST", "/licences/check", {"content-type": "application/json"}, body)


# -- what is given ----------------------------------------------------------------------------
def test_the_file_shows_the_licence_and_its_code_the_minimum(viewed: Viewing) -> None:
    done = viewed.issued()
    told = viewed.told(done["identifier"])
    data = viewed.whole(done["identifier"])
    assert told == {
        "disputed": False,
        "identifier": done["identifier"],
        "language": "zh",
        "media_type": "application/pdf",
        "sha256": sha256(data).hexdigest(),
        "size": len(data),
    }
    words = shown(data)
    for word in ("营业执照", "玉溪小馆餐饮有限公司", COMPANY, "张三丰", "餐饮服务"):
        assert word in words
    page = pypdfium2.PdfDocument(data)[0]
    (code,) = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
    minimum = viewed.world.http("GET", code.text.removeprefix(ADDRESS))
    assert minimum.status == 200
    assert "玉溪小馆餐饮有限公司" in minimum.body.decode()
    assert COMPANY not in minimum.body.decode()
    found = checked(viewed, data).document
    assert (found["printed_here"], found["status"]) == (True, "01")


@pytest.mark.parametrize("root", [True, False])
def test_by_holder_or_by_identifier_in_either_form(viewed: Viewing, *, root: bool) -> None:
    identifier = str(viewed.issued()["identifier"])
    named = identifier if root else identifier.removeprefix(ROOT)
    assert viewed.told(named)["identifier"] == identifier
    assert viewed.told(named, subject=named, kind="licence_id")["identifier"] == identifier
    assert viewed.papers() == [("zh", 1)]


def test_each_language_is_printed_once_and_entered_before_its_view(viewed: Viewing) -> None:
    done = viewed.issued()
    before = viewed.world.entries()
    first = viewed.ask(done["identifier"])
    kind, control, person, internal = viewed.world.entry(before)
    assert kind == "licence"
    assert isinstance(control, dict)
    assert isinstance(control["state"], dict)
    assert control["channel"] == "hub"
    assert (control["department"], control["connector"]) == (None, None)
    (paper,) = control["state"]["papers"]  # type: ignore[misc]
    told = first.result["licence"]
    assert isinstance(told, dict)
    assert paper[1:] == [b64u(bytes.fromhex(str(told["sha256"]))), "zh"]  # type: ignore[index,call-overload]
    assert isinstance(person, dict)
    assert person["subject"] == {"id": COMPANY, "type": "uscc"}
    kind, control, person, _ = viewed.world.entry(before + 1)
    assert isinstance(control, dict)
    assert (kind, control["department"]) == ("view", "demo.yifen:nrb")
    assert internal == {"reason": f"view {control['R']}"}, "for which view it was printed"
    assert isinstance(person, dict)
    assert person["officer"] == "nrb.officer"
    for _ in range(3):
        assert viewed.told(done["identifier"])["sha256"] == told["sha256"]
    assert viewed.told(done["identifier"], language="en")["language"] == "en"
    assert viewed.told(done["identifier"], language="zh")["sha256"] == told["sha256"]
    assert viewed.papers() == [("zh", 1), ("en", 2)]
    assert viewed.world.findings().faults == ()


def test_a_view_changes_nothing_for_those_who_follow(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    query = "SELECT changed FROM licences"
    before = viewed.world.hub.reading.execute(query).fetchall()
    viewed.told(identifier)
    assert viewed.world.hub.reading.execute(query).fetchall() == before


def test_another_process_prints_the_same_bytes(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    data = viewed.whole(identifier)
    other = viewed.world.again()
    try:
        again = Viewing(other, viewed.grant)
        assert again.whole(identifier) == data
        assert again.papers() == [("zh", 1)]
    finally:
        other.hub.close()


def test_cut_off_after_the_print_was_entered(viewed: Viewing) -> None:
    """The view has no answer; the next one finds the print, in a process that never made it."""
    wanted = Wanted(str(viewed.issued()["identifier"]), "zh")
    files = viewed.world.hub.files
    printed = asyncio.run(files.print_(wanted))
    assert printed is not None
    assert files.enter(printed, viewed.world.hub.book.refresh().epoch, "view x")
    other = viewed.world.again()
    try:
        told = Viewing(other, viewed.grant).told(wanted.identifier)
        assert told["sha256"] == sha256(printed.data).hexdigest()
    finally:
        other.hub.close()
    assert viewed.papers() == [("zh", 1)]


def test_an_answer_that_was_lost_is_asked_for_again_and_opens_the_file(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    first = viewed.ask(identifier)
    request = viewed.request_id
    again = [viewed.ask(identifier, request_id=request) for _ in range(3)]
    assert [one.status for one in again] == [200] * 3
    assert len({b64u(canonical(one.result)) for one in (first, *again)}) == 4
    assert viewed.piece(request, again[-1].result).status == 200
    assert viewed.piece(request, first.result).status == 200
    forged: dict[str, Json] = {**again[-1].result, "nonce": "A" * 22}
    assert viewed.piece(request, forged).status == 404


# -- who is given it --------------------------------------------------------------------------
def test_a_grant_without_one_item_of_the_paper_gives_no_file(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    whole = dict.fromkeys(ON_PAPER, "full")
    for code in ON_PAPER:
        viewed.again(items={name: mask for name, mask in whole.items() if name != code})
        answer = viewed.ask(identifier)
        assert refusal(answer) == (403, "file-outside-grant"), code
        assert answer.receipt is not None
    assert viewed.papers() == []
    viewed.again(items=whole)
    assert viewed.ask(identifier).result["status"] is None, "the paper does not show it"


@pytest.mark.parametrize(
    ("item", "mask"),
    [("holder_name", "name"), ("holder_id", "identifier"), ("valid_until", "year")],
)
def test_a_masked_item_gives_no_file(viewed: Viewing, item: str, mask: str) -> None:
    identifier = viewed.issued()["identifier"]
    viewed.again(items={**dict.fromkeys(ON_PAPER, "full"), item: mask})
    assert refusal(viewed.ask(identifier)) == (403, "file-outside-grant")
    kind, control, _, internal = viewed.world.entry()
    assert isinstance(control, dict)
    assert (kind, control["outcome"]) == ("view", "refused")
    assert internal == {"reason": "file-outside-grant"}


def test_attack_a_definition_with_fewer_items_than_the_paper(viewed: Viewing) -> None:
    """Everything of the dataset is granted, and the paper would still show more."""
    identifier = viewed.issued()["identifier"]
    kind = bundled()[BUSINESS]
    items = tuple(item for item in kind.items if item.code != "scope")
    fewer = kind.model_copy(update={"code": "fewer", "items": items})
    changes = viewed.world.hub.changes
    datasets.register(changes, ADMINISTRATOR, "mrb", dataset.source(fewer), ON_RECORD)
    name = dataset.code_of(fewer)
    granted = dict.fromkeys((code for code in ON_PAPER if code != "scope"), "full")
    founded = viewed.world.town.founded
    terms = terms_of(founded, **full(dataset=name, items=granted))
    grants.issue(changes, ADMINISTRATOR, terms)
    assert refusal(viewed.ask(identifier, dataset=name)) == (403, "file-outside-grant")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"operations": {"lookup"}}, "operation-outside-grant"),
        ({"channels": {"console"}}, "channel-outside-grant"),
        ({"case_required": True}, "case-required"),
    ],
)
def test_what_any_question_needs(viewed: Viewing, terms: dict[str, object], code: str) -> None:
    identifier = viewed.issued()["identifier"]
    viewed.again(**terms)
    assert refusal(viewed.ask(identifier)) == (403, code)
    assert viewed.papers() == []


def test_for_another_purpose_or_by_another_department(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    other = viewed.ask(identifier, purpose="housing_fund_withdrawal")
    assert refusal(other) == (403, "purpose-outside-grant")
    for department in ("psb", "mrb"):
        answer = viewed.ask(
            identifier, by=viewed.world.gateway(department), officer=f"{department}.officer"
        )
        assert refusal(answer) == (403, "not-granted")
    assert viewed.papers() == []


def test_the_issuer_prints_as_before(viewed: Viewing) -> None:
    licence = viewed.issued()["licence"]
    answer = viewed.act(licence, "paper")
    assert answer.status == 200
    assert viewed.papers() == [(None, 1)]


def test_view_by_guessing_identifiers(viewed: Viewing) -> None:
    """A right identifier of somebody else is as absent as one that is nobody's."""
    own = viewed.issued()["identifier"]
    holder = "11530400015020004B"
    other = viewed.issued(metadata={"holder_id": holder, "number": "2"})["identifier"]
    nobody = str(own)[:-7] + "002" + str(own)[-4:]
    for licence, subject in ((other, COMPANY), (own, holder), (other, SUBJECTS[0])):
        kind = "resident_id" if subject == SUBJECTS[0] else "uscc"
        answer = viewed.ask(licence, subject, kind)
        if answer.status == 422:
            assert kind == "resident_id"
            continue
        assert (answer.result["found"], answer.result["licence"]) == (False, None)
        assert (answer.result["status"], answer.control["outcome"]) == (None, "empty")
        forged: dict[str, Json] = {**answer.result, "licence": {"identifier": licence}}
        assert viewed.piece(viewed.request_id, forged).status == 404
        assert viewed.piece(viewed.request_id, answer.result).status == 404
    assert viewed.ask(nobody).status in {200, 422}
    assert viewed.papers() == []


# -- malformed --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"licence": "x"}, "licence"),
        ({"licence": ""}, "licence"),
        ({"licence": 7}, "licence"),
        ({"licence": "1" * 129}, "licence"),
        ({"language": "fr"}, "language"),
        ({"language": ["zh"]}, "language"),
        ({"material": "m-" + "0" * 32}, "material"),
        ({"delegation": "D-" + "0" * 12}, "delegation"),
        ({"items": ["name"]}, "items"),
    ],
)
def test_what_is_no_question_for_a_file(
    viewed: Viewing, members: dict[str, Json], where: str
) -> None:
    identifier = viewed.issued()["identifier"]
    answer = viewed.ask(**{"licence": identifier, **members})  # type: ignore[arg-type]
    assert refusal(answer) == (422, "question-malformed")
    assert answer.document["facts"] == {"where": where}


def test_neither_licence_nor_material_or_that_of_another_kind(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    # Rows have neither, licences no materials.
    changes, founded = viewed.world.hub.changes, viewed.world.town.founded
    rows = {"dataset": "resident", "operations": {"view"}, "items": {"name": "full"}}
    grants.issue(changes, ADMINISTRATOR, terms_of(founded, **rows))
    wrong = viewed.ask(identifier, SUBJECTS[0], "resident_id", dataset="resident")
    assert (refusal(wrong), wrong.document["facts"]) == (
        (422, "question-malformed"),
        {"where": "licence"},
    )
    wrong = viewed.ask(None, material="m-" + "0" * 32)
    assert (refusal(wrong), wrong.document["facts"]) == (
        (422, "question-malformed"),
        {"where": "material"},
    )
    assert wrong.control["outcome"] == "malformed"
    assert refusal(viewed.ask(None)) == (422, "question-malformed")
    assert viewed.world.findings().faults == ()


# -- in force ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("act", "status"), [("suspend", "02"), ("withdraw", "03"), ("revoke", "07"), ("cancel", "04")]
)
def test_what_is_not_in_force_is_told_by_its_status(viewed: Viewing, act: str, status: str) -> None:
    done = viewed.issued()
    result = viewed.ask(done["identifier"]).result
    request = viewed.request_id
    assert result["status"] == "01"
    assert viewed.act(done["licence"], act).status == 200
    answer = viewed.ask(done["identifier"])
    told = (answer.result["found"], answer.result["licence"], answer.result["status"])
    assert told == (False, None, status)
    assert viewed.piece(request, result).status == 404, "what is on its way ends too"
    viewed.again(items={**dict.fromkeys(ON_PAPER, "full")})
    assert viewed.ask(done["identifier"]).result["status"] is None, "not if it is not granted"


def test_past_its_last_day_there_is_no_file(viewed: Viewing) -> None:
    identifier = viewed.issued(metadata={"valid_until": "2026-09-22"})["identifier"]
    assert viewed.ask(identifier).result["found"] is True
    viewed.world.time.now += 2 * DAY
    result = viewed.ask(identifier).result
    assert (result["found"], result["status"]) == (False, "05")


def test_suspended_and_resumed_it_is_the_same_file(viewed: Viewing) -> None:
    done = viewed.issued()
    data = viewed.whole(done["identifier"])
    viewed.act(done["licence"], "suspend")
    viewed.act(done["licence"], "resume")
    assert viewed.whole(done["identifier"]) == data
    assert viewed.papers() == [("zh", 1)]


def mark(viewed: Viewing, identifier: Json, kind: str) -> None:
    body: Json = {"kind": kind, "row": identifier, "subject": {"id": COMPANY, "type": "uscc"}}
    assert viewed.signed(f"/v1/datasets/{LOOKED_UP}/marks", body).status == 200


def test_disputed_is_told_and_disputed_since_ends_what_is_on_its_way(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    result, request = viewed.ask(identifier).result, viewed.request_id
    mark(viewed, identifier, "disputed")
    assert viewed.piece(request, result).status == 404
    assert viewed.told(identifier)["disputed"] is True
    viewed.whole(identifier)
    result, request = viewed.ask(identifier).result, viewed.request_id
    mark(viewed, identifier, "cleared")
    assert viewed.piece(request, result).status == 200
    mark(viewed, identifier, "repaired")
    assert viewed.piece(request, result).status == 404
    assert viewed.ask(identifier).result["found"] is False


# -- pieces -----------------------------------------------------------------------------------
def test_each_piece_is_decided_anew_on_every_worker(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    result, request = viewed.ask(identifier).result, viewed.request_id
    other = Viewing(viewed.world.again(), viewed.grant)
    try:
        for worker in (viewed, other):
            assert worker.piece(request, result).status == 200
        changes = viewed.world.hub.changes
        grants.set_status(changes, ADMINISTRATOR, viewed.grant.id, "suspended")
        for worker in (other, viewed):
            assert worker.piece(request, result).status == 404
            assert refusal(worker.ask(identifier)) == (403, "not-granted")
        grants.set_status(changes, ADMINISTRATOR, viewed.grant.id, "active")
        for worker in (other, viewed):
            assert worker.piece(request, result).status == 200
        viewed.again(items={**dict.fromkeys(ON_PAPER, "full"), "holder_name": "name"})
        for worker in (other, viewed):
            assert worker.piece(request, result).status == 404
    finally:
        other.world.hub.close()


def test_a_grant_that_runs_out_ends_what_is_on_its_way(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    grant = grants.find(viewed.world.hub.reading, viewed.grant.id)
    viewed.world.time.now = grant.valid_until - 1000
    result, request = viewed.ask(identifier).result, viewed.request_id
    assert viewed.piece(request, result).status == 200
    viewed.world.time.now = grant.valid_until
    assert viewed.piece(request, result).status in {401, 404}


def test_a_view_of_another_a_forged_one_and_one_of_long_ago(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    other = viewed.issued(metadata={"holder_id": "11530400015020004B", "number": "2"})
    result, request = viewed.ask(identifier).result, viewed.request_id
    told = result["licence"]
    assert isinstance(told, dict)
    for forged in (
        {**told, "identifier": other["identifier"]},
        {**told, "language": "en"},
        {**told, "disputed": True},
    ):
        assert viewed.piece(request, {**result, "licence": forged}).status == 404
    for by in ("psb", "mrb"):
        assert viewed.piece(request, result, by).status == 404
    assert viewed.piece(request, result, number=1).status == 404
    assert viewed.piece(request, result, part="thumbnail").status == 404
    viewed.world.time.now += 30 * 60 * 1000 - 1
    assert viewed.piece(request, result).status == 200
    viewed.world.time.now += 1
    assert viewed.piece(request, result).status == 404


def test_a_long_file_goes_in_pieces(viewed: Viewing) -> None:
    """A print of ten pages may have more than 1 MiB; here it is held as if one had been made."""
    data = bytes(range(251)) * 10_000
    files, digest = viewed.world.hub.files, sha256(data).digest()
    files._held[digest] = data
    draft = Draft(licences.EMPTY, Path(), b"", 0)
    whole = ViewedLicence(files, draft, digest, len(data))
    assert whole.pieces == 3
    assert b"".join(asyncio.run(whole.piece(number)) for number in range(3)) == data
    for beyond in (3, -1):
        with pytest.raises(NotFound):
            asyncio.run(whole.piece(beyond))


def test_a_process_keeps_few_files_in_memory(viewed: Viewing) -> None:
    first = viewed.issued()["identifier"]
    data = viewed.whole(first)
    files = viewed.world.hub.files
    files._held[b"another"] = bytes(HELD_BYTES - len(data) + 1)
    second = viewed.issued(metadata={"number": "2"})["identifier"]
    viewed.told(second)
    assert sum(map(len, files._held.values())) <= HELD_BYTES
    assert viewed.whole(first) == data, "printed once more"


# -- prints -----------------------------------------------------------------------------------
def enter(viewed: Viewing, wanted: Wanted, after: int) -> bytes:
    """A print of another font: what it says now comes out otherwise."""
    data = f"another font {after}".encode()
    draft = Draft(licences.EMPTY, Path(), after.to_bytes(16, "big"), viewed.world.time())
    files, epoch = viewed.world.hub.files, viewed.world.hub.book.refresh().epoch
    assert files.enter(Printed(wanted, draft, data, after), epoch, "view x")
    return data


def test_after_another_font_the_next_view_makes_another_file(viewed: Viewing) -> None:
    wanted = Wanted(str(viewed.issued()["identifier"]), "zh")
    old = enter(viewed, wanted, 0)
    told = viewed.told(wanted.identifier)
    assert told["sha256"] != sha256(old).hexdigest()
    assert viewed.told(wanted.identifier) == told
    assert viewed.papers() == [("zh", 1), ("zh", 2)]
    assert checked(viewed, old).document["printed_here"] is True


def test_two_processes_with_two_fonts_do_not_fill_the_log(viewed: Viewing) -> None:
    """The print of the other one is the newest now, and ours stands beside it still."""
    wanted = Wanted(str(viewed.issued()["identifier"]), "zh")
    told = viewed.told(wanted.identifier)
    enter(viewed, wanted, 1)
    assert viewed.told(wanted.identifier) == told
    other = viewed.world.again()
    try:
        assert Viewing(other, viewed.grant).told(wanted.identifier) == told
    finally:
        other.hub.close()
    assert viewed.papers() == [("zh", 1), ("zh", 2)]


def test_a_font_that_has_gone_is_told_and_comes_back(town: Town, tmp_path: Path) -> None:
    with viewing(town, tmp_path) as viewed:
        font = tmp_path / "font.ttc"
        shutil.copyfile(str(FONT), font)
        settings = viewed.world.hub.settings
        own = settings.licences.model_copy(update={"font": font})
        viewed.world.hub.files._settings = settings.model_copy(update={"licences": own})
        identifier = viewed.issued()["identifier"]
        data = viewed.whole(identifier)
        result, request = viewed.ask(identifier).result, viewed.request_id
        font.rename(tmp_path / "away")
        viewed.world.hub.files._held.clear()
        assert viewed.piece(request, result).status == 404
        answer = viewed.ask(identifier)
        assert refusal(answer) == (422, "licence-not-printable")
        assert answer.document["facts"] == {"why": "font-missing"}
        assert answer.receipt is not None
        assert viewed.world.entry()[0] == "view"
        (tmp_path / "away").rename(font)
        assert viewed.whole(identifier) == data
        assert viewed.papers() == [("zh", 1)]
        assert viewed.world.findings().faults == ()


def test_prints_of_the_issuer_and_of_viewers_take_no_room_from_each_other(
    viewed: Viewing,
) -> None:
    done = viewed.issued()
    licence, papers = str(done["licence"]), viewed.world.hub.papers
    for number in range(MAX_PAPERS):
        draft = Draft(licences.EMPTY, Path(), b"i" + number.to_bytes(15, "big"), 0)
        papers.enter(MRB, licence, draft, draft.code)
    assert viewed.act(licence, "paper").document["facts"] == {"why": "licence-papers"}
    viewed.told(done["identifier"])
    assert viewed.signed(f"/v1/licences/{licence}", method="GET").document["papers"] == MAX_PAPERS
    other = viewed.issued(metadata={"number": "2"})
    wanted = Wanted(str(other["identifier"]), "zh")
    for number in range(MAX_FILES):
        enter(viewed, wanted, number)
    answer = viewed.ask(wanted.identifier)
    assert (refusal(answer), answer.document["facts"]) == (
        (422, "licence-not-printable"),
        {"why": "files-spent"},
    )
    viewed.told(wanted.identifier, language="en")
    assert viewed.act(other["licence"], "paper").status == 200
    assert viewed.world.findings().faults == ()


def test_without_a_font_there_is_no_file_and_an_entry_says_so(town: Town, tmp_path: Path) -> None:
    with licences.licensing(town, tmp_path) as licensed:
        viewed = Viewing(licensed.world, licensed.grant)
        viewed.again()
        answer = viewed.ask(viewed.issued()["identifier"])
        assert refusal(answer) == (422, "licence-not-printable")
        assert answer.document["facts"] == {"why": "font-unset"}
        assert viewed.world.entry()[3] == {"reason": "licence-font-unset"}


# -- while it is printed ----------------------------------------------------------------------
def sent(viewed: Viewing, identifier: Json) -> tuple[object, ...]:
    gateway = viewed.world.nrb
    body = gateway.question(subject={"id": COMPANY, "type": "uscc"}, licence=identifier)
    del body["items"]
    signed = gateway.sign("POST", f"/v1/datasets/{LOOKED_UP}/view", canonical(body))
    return "view", LOOKED_UP, signed.message, signed.body


def test_two_workers_and_many_at_once_make_one_print(viewed: Viewing) -> None:
    identifier = viewed.issued()["identifier"]
    other = viewed.world.again()
    hubs = (viewed.world.hub, other.hub)

    async def all_at_once() -> set[object]:
        asked = [
            hub.exchange.ask_signed(*sent(viewed, identifier))  # type: ignore[arg-type]
            for hub in hubs * 3
        ]
        replies = [Answer(one.status, {}, one.body) for one in await asyncio.gather(*asked)]
        assert {reply.status for reply in replies} == {200}
        return {reply.result["licence"]["sha256"] for reply in replies}  # type: ignore[index,call-overload]

    try:
        assert len(asyncio.run(all_at_once())) == 1
    finally:
        other.hub.close()
    assert viewed.papers() == [("zh", 1)]
    assert viewed.world.findings().faults == ()


@pytest.mark.parametrize("what", ["grant", "licence"])
def test_attack_revoked_while_it_is_printed(viewed: Viewing, what: str) -> None:
    """The print takes a second beside the loop: what it gives then is entered nowhere."""
    done = viewed.issued()
    hub = viewed.world.hub

    async def view() -> Answer:
        asking = asyncio.create_task(
            hub.exchange.ask_signed(*sent(viewed, done["identifier"]))  # type: ignore[arg-type]
        )
        await asyncio.sleep(0)  # it is decided, and being printed
        if what == "grant":
            grants.set_status(hub.changes, ADMINISTRATOR, viewed.grant.id, "revoked")
        else:
            hub.office.act(MRB, str(done["licence"]), licences.Act.SUSPEND)
        reply = await asking
        return Answer(reply.status, {}, reply.body)

    answer = asyncio.run(view())
    if what == "grant":
        assert refusal(answer) == (403, "not-granted")
    else:
        assert (answer.result["found"], answer.result["status"]) == (False, "02")
    assert viewed.papers() == []


def test_what_was_decided_at_another_epoch_is_not_entered(viewed: Viewing) -> None:
    done = viewed.issued()
    files, epoch = viewed.world.hub.files, viewed.world.hub.book.refresh().epoch
    printed = asyncio.run(files.print_(Wanted(str(done["identifier"]), "zh")))
    assert printed is not None
    entries = viewed.world.entries()
    assert not files.enter(printed, epoch - 1, "")
    assert not files.enter(printed._replace(after=1), epoch, "")
    assert viewed.world.entries() == entries
    assert viewed.papers() == []


def test_run_out_while_it_is_printed(viewed: Viewing) -> None:
    """No entry tells of midnight, so the epoch does not."""
    done = viewed.issued(metadata={"valid_until": "2026-09-22"})
    files, epoch = viewed.world.hub.files, viewed.world.hub.book.refresh().epoch
    printed = asyncio.run(files.print_(Wanted(str(done["identifier"]), "zh")))
    assert printed is not None
    viewed.world.time.now += 2 * DAY
    assert not files.enter(printed, epoch, "")
    assert viewed.papers() == []


# -- who looks --------------------------------------------------------------------------------
def test_a_view_by_identifier_is_found_by_the_holder(viewed: Viewing) -> None:
    identifier = str(viewed.issued()["identifier"])
    viewed.told(identifier, subject=identifier, kind="licence_id")
    hub = viewed.world.hub
    filters = Filters(subject=COMPANY, kind="view")
    found = hub.audit.search(hub.changes, Actor("console", account="audit"), filters)
    assert len(found.rows) == 1


def test_tags_exchanged_give_nobody_anothers_file(viewed: Viewing) -> None:
    first = viewed.issued()
    second = viewed.issued(metadata={"holder_id": "11530400015020004B", "number": "2"})
    for one, subject in ((first, COMPANY), (second, "11530400015020004B")):
        assert viewed.ask(one["identifier"], subject).result["found"] is True
    result, request = viewed.ask(first["identifier"]).result, viewed.request_id
    connection = viewed.world.hub.store.connection
    tags = dict(connection.execute("SELECT id, identifier FROM licences").fetchall())
    one, two = str(first["licence"]), str(second["licence"])
    for name, tag in ((one, b"x"), (two, tags[one]), (one, tags[two])):
        connection.execute("UPDATE licences SET identifier = ? WHERE id = ?", (tag, name))
    assert viewed.ask(first["identifier"]).status == 503
    assert viewed.piece(request, result).status in {404, 503}


def test_whoever_verifies_outside_finds_nothing_amiss(viewed: Viewing, tmp_path: Path) -> None:
    done = viewed.issued()
    viewed.told(done["identifier"])
    viewed.told(done["identifier"], language="en")
    viewed.act(done["licence"], "suspend")
    viewed.ask(done["identifier"])
    hub = viewed.world.hub
    hub.checkpointer.step()
    folder = export_of(hub, tmp_path / "export")
    key = vkey(hub.origin, hub.checkpoint_key)
    verdict = Auditor.at(tmp_path / "auditor", load()).verify("export", folder, "--log", key)
    assert (verdict.status, verdict.faults) == (0, [])


@pytest.mark.parametrize("language", ["x", None])
def test_a_language_changed_in_the_database_is_found(viewed: Viewing, language: str | None) -> None:
    viewed.told(viewed.issued()["identifier"])
    connection = viewed.world.hub.store.connection
    connection.execute("UPDATE licence_papers SET language = ?", (language,))
    assert {one.why for one in viewed.world.findings().faults} == {"table-licence-paper"}


def test_nothing_of_a_file_or_its_code_lies_in_the_folder(viewed: Viewing) -> None:
    data = viewed.whole(viewed.issued()["identifier"])
    page = pypdfium2.PdfDocument(data)[0]
    (found,) = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
    code = found.text.rpartition("/")[2].encode()
    for file in viewed.world.root.rglob("*"):
        if file.is_file():
            assert code not in file.read_bytes()
            assert b"%PDF-" not in file.read_bytes()


def test_a_persons_licence_is_viewed_by_its_holder(viewed: Viewing) -> None:
    """Another type, another dataset, another grant; its page names nobody still."""
    done = viewed.signed("/v1/licences", asked() | birth()).document
    name, kind = dataset.code_of(bundled()["birth_certificate"]), bundled()["birth_certificate"]
    items = dict.fromkeys(on_paper(kind), "full")
    founded = viewed.world.town.founded
    terms = terms_of(founded, **full(dataset=name, items=items, purposes={PURPOSE}))
    grants.issue(viewed.world.hub.changes, ADMINISTRATOR, terms)
    data = viewed.whole(done["identifier"], subject=SUBJECTS[0], kind="resident_id", dataset=name)
    assert "张无忌" in shown(data)
    assert viewed.ask(done["identifier"]).result["found"] is False, "not in another type's dataset"
