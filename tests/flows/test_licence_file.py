"""A department views another's licence: over sockets, two workers, with receipt and digest."""

import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from world.licensing import BUSINESS, COMPANY, ISSUER, LOOKED_UP, asked, terms_of
from world.on_record import ON_RECORD
from world.serving import serving
from world.town import ADMINISTRATOR, PURPOSE, Town
from world.viewing import FONT, NO_FONT, ON_PAPER, full

from catalog.licences import dataset
from catalog.licences.licence_type import bundled
from catalog.licences.status import Act
from connectors.cli import run as connector_command
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from connectors.errors import Refused
from hub.access import connectors, grants
from hub.catalogue import datasets
from hub.clock import system_clock
from hub.ledger.change import Actor
from hub.licences import types
from hub.licences.issuing import Asked
from hub.ops.verify import verification
from hub.runtime import Hub, open_hub

pytestmark = pytest.mark.skipif(NO_FONT, reason="no Chinese font here")
MRB = Actor("connector", department="mrb")


class Counter:
    """A served hub with a licence, and a connector of ``nrb`` at the terminal."""

    def __init__(self, hub: Hub, home: Path, folder: Path) -> None:
        self.hub = hub
        self.home = home
        self.folder = folder
        changes, founded = hub.changes, hub.clock()
        types.register(changes, ADMINISTRATOR, types.bundled_source(BUSINESS), {"mrb": ISSUER})
        definition = dataset.source(bundled()[BUSINESS])
        datasets.register(changes, ADMINISTRATOR, "mrb", definition, ON_RECORD)
        self.founded = founded
        self.grant = grants.issue(changes, ADMINISTRATOR, terms_of(founded, **full()))
        self.licence = hub.office.issue(MRB, Asked.model_validate(asked()))
        self.number = folder / "number.txt"
        self.number.write_text(self.licence.identifier)

    def again(self, **terms: object) -> None:
        """Give the grant other terms."""
        version = grants.find(self.hub.reading, self.grant.id).version
        new = terms_of(self.founded, **full(**terms))
        grants.change(self.hub.changes, ADMINISTRATOR, self.grant.id, new, version)

    def file(self, out: Path, *more: str, purpose: str = PURPOSE) -> int:
        words = ["licence", "file", LOOKED_UP, str(out), "--subject-file", str(self.number)]
        why = ["--purpose", purpose, "--officer", "nrb.officer"]
        return connector_command(["--home", str(self.home), "--json", *words, *why, *more])


@pytest.fixture
def counter(town_today: Town, tmp_path: Path) -> Iterator[Counter]:
    pattern = town_today.copy(tmp_path / "pattern")
    with (pattern / "hub.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[licences]\nfont = "{FONT}"\n')
    town = Town(pattern, town_today.keys, town_today.grant, town_today.founded)
    with serving(town, tmp_path / "hub", workers=2) as served:
        hub = open_hub(served.folder)
        try:
            text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "nrb", "window")
            enrol(read_invitation(text), tmp_path / "home")
            yield Counter(hub, tmp_path / "home", tmp_path)
        finally:
            hub.close()


def test_another_departments_file_from_the_question_to_the_disk(
    counter: Counter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "licence.pdf"
    assert counter.file(out) == 0
    told = json.loads(capsys.readouterr().out)
    data = out.read_bytes()
    assert data.startswith(b"%PDF-")
    assert out.stat().st_mode & 0o777 == 0o600
    assert told["licence"]["sha256"] == sha256(data).hexdigest()
    assert told["licence"]["identifier"] == counter.licence.identifier
    assert told["status"] == "01"
    # Named beside its holder, in English, by whichever worker: one print of each language.
    holder = tmp_path / "holder.txt"
    holder.write_text(COMPANY)
    beside = ["--subject-type", "uscc", "--licence-file", str(counter.number)]
    for number, language in enumerate(("en", "zh", "en", "zh", "en", "zh")):
        other = tmp_path / f"{number}.pdf"
        command = ["licence", "file", LOOKED_UP, str(other), "--subject-file", str(holder)]
        command += [*beside, "--purpose", PURPOSE, "--officer", "nrb.officer"]
        command += ["--language", language]
        assert connector_command(["--home", str(counter.home), "--json", *command]) == 0
        assert (other.read_bytes() == data) == (language == "zh")
    capsys.readouterr()
    query = "SELECT language FROM licence_papers ORDER BY number"
    assert counter.hub.reading.execute(query).fetchall() == [("zh",), ("en",)]
    # Verified by anybody's connector; the receipts are kept and prove themselves.
    assert connector_command(["--home", str(counter.home), "licence", "verify-file", str(out)]) == 0
    with Connector.open(counter.home) as connector:
        kept = connector.receipts.of_question(told["proof"]["request_id"])
        assert [one.operation for one in kept] == ["view"]
        again = connector.asking.recover(told["proof"]["request_id"])
        assert again.entry == told["proof"]["entry"]
    # Nothing is asked for what could not be written, nor without a licence.
    entries = "SELECT next FROM ledger_head"
    (before,) = counter.hub.reading.execute(entries).fetchone()
    assert counter.file(out) == 1
    assert counter.file(tmp_path / "x.pdf", "--subject-type", "uscc") == 1
    assert counter.hub.reading.execute(entries).fetchone() == (before,)
    checked = verification(counter.hub.folder, counter.hub.settings, counter.hub.reading)
    assert checked.run(lambda _done, _all: None).faults == ()


def test_what_gives_no_file_and_what_ends_one(
    counter: Counter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, names = counter.hub, iter(f"{n}.pdf" for n in range(99))

    def refused(purpose: str = PURPOSE) -> tuple[int, str]:
        out = tmp_path / next(names)
        code = counter.file(out, purpose=purpose)
        assert not out.exists()
        told = capsys.readouterr()
        found = re.search(r"[a-z]+(-[a-z]+)*-(granted|grant)", told.out + told.err)
        return code, found.group() if found else told.out

    assert refused("housing_fund_withdrawal") == (1, "purpose-outside-grant")
    whole = dict.fromkeys(ON_PAPER, "full")
    counter.again(items={code: mask for code, mask in whole.items() if code != "scope"})
    assert refused() == (1, "file-outside-grant")
    counter.again(items=whole | {"holder_name": "name"})
    assert refused() == (1, "file-outside-grant")
    counter.again()
    assert counter.file(tmp_path / next(names)) == 0
    capsys.readouterr()

    # Suspended between two questions: told by its status, without a file.
    hub.office.act(MRB, counter.licence.licence, Act.SUSPEND)
    code, told = refused()
    assert (code, json.loads(told)["status"], json.loads(told)["file"]) == (1, "02", None)
    hub.office.act(MRB, counter.licence.licence, Act.RESUME)

    def between(act: Callable[[], object]) -> None:
        """Something ends between answer and piece, whichever worker gives that."""
        with Connector.open(counter.home, clock=system_clock) as connector:
            view = connector.view_licence(
                LOOKED_UP,
                "uscc",
                COMPANY,
                licence=counter.licence.identifier,
                purpose=PURPOSE,
                officer="nrb.officer",
            )
            assert view.licence is not None
            act()
            out = tmp_path / next(names)
            with pytest.raises(Refused):
                connector.fetch(view, out)
            assert not out.exists()

    between(lambda: hub.office.act(MRB, counter.licence.licence, Act.SUSPEND))
    hub.office.act(MRB, counter.licence.licence, Act.RESUME)
    between(lambda: grants.set_status(hub.changes, ADMINISTRATOR, counter.grant.id, "revoked"))
    assert refused() == (1, "not-granted")
    assert hub.reading.execute("SELECT count(*) FROM licence_papers").fetchone() == (1,)
