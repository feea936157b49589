"""What a hub tidies at its start while another process of it serves already."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from publishing import COLUMNS, SmallHub, open_hub

from hub.ledger.change import HUB, Change
from hub.publish.processes import take_lock
from hub.publish.staging import LOCK
from hub.storage.tables import PublicationRow

A_WHILE = 1.0
"""Seconds in which a start that does not wait for the lock has done its harm."""
PATIENCE = 60.0


@contextmanager
def while_another_starts(small: SmallHub) -> Iterator[Change]:
    """A change that is under way while another process comes up, and ends while that one waits."""
    raised: list[BaseException] = []

    def come_up() -> None:
        other = open_hub(small.folder.root)
        try:
            other.publications.recover()
        except BaseException as error:  # noqa: BLE001 told by the one who waits
            raised.append(error)
        finally:
            other.close()

    thread = threading.Thread(target=come_up)
    with small.changes.change(HUB, moves_epoch=False) as change:
        thread.start()
        yield change
        thread.join(A_WHILE)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert raised == []


def test_an_upload_that_is_just_beginning_keeps_its_folder(small: SmallHub) -> None:
    root = small.folder.staging / "p-beginning"
    root.mkdir(mode=0o700)
    (root / LOCK).touch(mode=0o600)
    with while_another_starts(small) as change:
        change.session.add(
            PublicationRow(
                id="p-beginning",
                dataset="household",
                connector="urn:yifen:connector:trial.yifen:psb:main",
                keyid="",
                columns="",
                key=b"",
                state="receiving",
                created=change.time,
                definition="",
            )
        )
    assert (root / LOCK).exists()


def test_a_folder_that_belongs_to_nothing_goes(small: SmallHub) -> None:
    root = small.folder.staging / "p-nobody"
    root.mkdir()
    before = len(small.entries())
    small.publications.recover()
    assert not root.exists()
    assert len(small.entries()) == before


def test_what_ends_meanwhile_stays_as_it_ended(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    lock = take_lock(small.folder.staging / publication)
    assert lock is not None
    with small.changes.change(HUB, moves_epoch=False) as change:
        row = change.session.get(PublicationRow, publication)
        assert row is not None
        row.state = "checking"
        change.session.add(row)
    shutil.rmtree(small.folder.staging / publication)
    with while_another_starts(small) as change:
        row = change.session.get(PublicationRow, publication)
        assert row is not None
        row.state = "discarded"
        change.session.add(row)
    assert small.status(publication)["state"] == "discarded"
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
