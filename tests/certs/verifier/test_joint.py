"""Joint questions in an exported log: entries of one request, each of another dataset or grant."""

from pathlib import Path

from world.auditing import Auditor, Verdict, entries_of, export_of, signer_of, write_export
from world.joints import ask, joint, part
from world.retold import replayed
from world.town import Town, open_world

from certs.note import vkey


def test_an_auditor_takes_them_for_one_request_and_nothing_else(
    town: Town, tmp_path: Path, auditor: Auditor
) -> None:
    with open_world(town, tmp_path / "hub") as world:
        parts = [part(), part("real_estate", items=["location"]), part(claims={"name": "张三丰"})]
        first = world.entries()
        for _ in range(2):
            answer = ask(world, joint(world.nrb, parts, request_id="A" * 22))
            assert answer.status == 200
            world.time.advance(7)
        assert world.ask(world.nrb.lookup()).status == 200
        world.hub.checkpointer.step()
        folder = export_of(world.hub, tmp_path / "export")
        log = vkey(world.hub.origin, world.hub.checkpoint_key)
        note_of = signer_of(world.hub)
        assert world.findings().faults == ()

    def verdict(where: Path) -> Verdict:
        return auditor.verify("export", where, "--log", log)

    entries = entries_of(folder)
    honest = verdict(folder)
    assert (honest.status, honest.faults, replayed(entries)) == (0, [], set())

    # The same request at another time is another request under a signature that was used.
    later = [*entries]
    later[first + 2] = entries[first + 2].forged(time=world.time() - 7)
    forged = verdict(write_export(tmp_path / "later", later, note_of))
    assert ("request-twice", first + 2) in forged.faults
    assert ("request-twice", first + 2) in replayed(later)

    # So it is behind somebody else's entry, or of another connector.
    other = [*entries]
    other[first + 1] = entries[first + 1].forged(connector=None)
    assert ("request-twice", first + 1) in replayed(other)
    forged = verdict(write_export(tmp_path / "other", other, note_of))
    assert ("request-twice", first + 1) in forged.faults
