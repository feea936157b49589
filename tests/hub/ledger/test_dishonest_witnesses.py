"""Witnesses that lie, fail or are late, and a log that witnesses do not know again."""

import asyncio
import shutil

import httpx2
import pytest
from world.watched import Watched, dead, log_note, note_of

from certs.cosignature import cosign, verify_cosignatures
from certs.keys import PrivateKey, generate
from certs.note import read_note
from certs.tree import leaf_hash
from connectors.witness.folder import WitnessFolder
from hub.ledger import submission

MAX_AGE = 300_000


# -- witnesses that lie or fail -------------------------------------------------------------------
def lying(here: Watched, number: int, answer: httpx2.Response) -> None:
    async def lie(_: httpx2.Request) -> httpx2.Response:
        return answer

    here.wires.odd[f"w{number}.example"] = lie


def key_of(here: Watched, number: int) -> PrivateKey:
    return PrivateKey.load(WitnessFolder(here.house(number).path).key)


def text_of(here: Watched) -> str:
    return read_note(note_of(here)).text


def test_a_witness_that_signs_for_another_is_not_believed(here: Watched) -> None:
    before, size = here.cosigned(), here.publish()
    here.enter()
    thief = generate("ed25519")
    name = here.house(0).public.name
    lying(here, 0, httpx2.Response(200, text=cosign(text_of(here), name, thief, 10**12).line))
    other = cosign(text_of(here), here.house(2).public.name, key_of(here, 2), 10**12).line
    lying(here, 1, httpx2.Response(200, text=other))
    lying(here, 2, httpx2.Response(404))
    here.round()
    assert here.cosigned() == before
    assert here.troubles() == ["signature", "signature", "unknown-log"]
    assert [one.size for one in here.hub.coverage.standings()] == [size] * 3


def test_a_cosignature_on_another_checkpoint_is_not_believed(here: Watched) -> None:
    here.enter()
    text = text_of(here).replace(here.hub.origin, "other.example/log")
    line = cosign(text, here.house(0).public.name, key_of(here, 0), 10**12).line
    lying(here, 0, httpx2.Response(200, text=line))
    here.round()
    assert here.troubles()[0] == "signature"
    assert len(verify_cosignatures(note_of(here), here.hub.coverage.witnesses, 2)) == 2


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (httpx2.Response(200, text=""), "signature"),
        (httpx2.Response(200, content=b"\xff\xfe\n"), "signature"),
        (httpx2.Response(200, text="— nonsense\n"), "signature"),
        (httpx2.Response(200, text="x" * 100_000), "form"),
        (httpx2.Response(301, headers={"location": "https://elsewhere.example"}), "status"),
        (httpx2.Response(400), "form"),
        (httpx2.Response(403), "key"),
        (httpx2.Response(404), "unknown-log"),
        (httpx2.Response(409, text=""), "form"),
        (httpx2.Response(409, text="007\n"), "form"),
        (httpx2.Response(409, text="-1\n"), "form"),
        (httpx2.Response(409, text="0\n"), "conflict"),
        (httpx2.Response(409, text="999999\n"), "ahead"),
        (httpx2.Response(422), "refused"),
        (httpx2.Response(500), "status"),
        (httpx2.Response(599), "status"),
    ],
)
def test_whatever_a_witness_answers_it_is_skipped_and_shown(
    here: Watched, answer: httpx2.Response, trouble: str
) -> None:
    lying(here, 1, answer)
    here.enter()
    here.round()
    assert here.troubles() == ["", trouble, ""]
    assert here.cosigned() == here.publish()
    assert {host for host, _ in here.wires.asked} == set(here.wires.houses)


def test_a_trouble_that_stays_is_written_once(here: Watched) -> None:
    here.wires.odd["w1.example"] = dead
    here.enter()
    here.round()

    def head() -> object:
        return here.hub.reading.execute("SELECT * FROM ledger_head").fetchone()

    before = head()
    here.time.now += 1000
    here.round()
    assert head() == before


async def silent(_: httpx2.Request) -> httpx2.Response:
    """Takes the request, and never answers."""
    await asyncio.Event().wait()
    raise AssertionError


def test_a_witness_that_never_answers_holds_up_nothing(here: Watched) -> None:
    async def story() -> list[int | None]:
        found = []
        here.wires.odd["w1.example"] = silent
        for _ in range(3):
            assert (await here.world.ask_soon(here.world.nrb.lookup())).status == 200
            size = here.publish()
            await asyncio.wait_for(here.hub.submitter.round(), submission.SECONDS / 2)
            found.append((here.cosigned() or 0) - size)
        await here.hub.submitter.close()
        return found

    assert asyncio.run(story()) == [0, 0, 0]
    # While it owes an answer it is not asked again.
    assert [host for host, _ in here.wires.asked].count("w1.example") == 1


def test_silence_is_a_trouble_too(here: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "SECONDS", 0.05)
    here.wires.odd["w1.example"] = silent
    here.enter()
    here.round()
    assert here.troubles() == ["", "timeout", ""]
    assert here.cosigned() == here.publish()


def test_a_late_cosignature_never_sets_the_quorum_back(here: Watched) -> None:
    """It is under the checkpoint that it was asked about, and that is no longer the newest."""

    async def story() -> None:
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slow(request: httpx2.Request) -> httpx2.Response:
            asked.set()
            await go_on.wait()
            return await here.wires.honest("w1.example", request)

        submitter = here.hub.submitter
        here.wires.odd["w1.example"] = slow
        await submitter.round()
        await asked.wait()
        late = list(submitter._busy.values())
        assert len(late) == 1
        sent = await here.world.ask_soon(here.world.nrb.lookup())
        assert sent.status == 200
        here.publish()
        # The next round does without the one that still owes an answer.
        await submitter.round()
        newer = here.cosigned()
        go_on.set()
        await asyncio.gather(*late)
        assert here.cosigned() == newer == here.publish()
        await submitter.close()

    here.enter()
    asyncio.run(story())
    standings = here.hub.coverage.standings()
    assert [one.size for one in standings].count(here.publish()) == 2
    names = {one.name for one in read_note(note_of(here)).signatures}
    assert here.house(1).public.name not in names


# -- another history ------------------------------------------------------------------------------
def test_a_log_rewritten_and_signed_again_is_refused(here: Watched) -> None:
    """By whoever holds every key: one old entry is exchanged, and the tree is built anew."""
    here.enter()
    here.round()
    size = here.cosigned()
    leaf = b'{"control":"forged"}'
    connection = here.hub.store.connection
    connection.execute("UPDATE entries SET leaf = ? WHERE position = 3", (leaf,))
    for table in ("tiles", "checkpoints", "cosigned", "witnesses"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
    here.hub.settings.checkpoint_copy.unlink()
    here.restart()
    here.publish()
    (tile,) = here.hub.reading.execute("SELECT hashes FROM tiles WHERE level = 0").fetchone()
    assert tile[96:128] == leaf_hash(leaf)
    here.round()
    assert here.troubles() == ["refused"] * 3
    assert here.cosigned() is None
    here.time.now += MAX_AGE + 1
    here.hub.coverage.refresh()
    assert here.hub.coverage.short
    for number in range(3):
        (refused,) = here.house(number).refused(here.hub.origin)
        assert (refused.size, refused.why) == (size, "root")


def test_a_hub_that_was_set_back_is_told_that_its_witnesses_know_more(here: Watched) -> None:
    here.hub.close()
    saved = here.world.root.with_name("saved")
    shutil.copytree(here.world.root, saved)
    here.start()
    here.enter()
    here.round()
    here.hub.close()
    shutil.rmtree(here.world.root)
    saved.rename(here.world.root)
    here.start()
    here.hub.store.connection.execute("DELETE FROM cosigned")
    here.hub.store.connection.execute("UPDATE checkpoints SET note = ?", (log_note(here),))
    here.publish()
    here.round()
    assert here.troubles() == ["ahead"] * 3
    assert here.cosigned() is None
