"""``connector publish DATASET --watch FOLDER``: what is dropped there is published, in order.

What becomes of a file:

    live, held, applied before      done/, with its result beside it; a held one waits for a steward
    unreadable, refused, failed     failed/, with its result; the next file is taken
    hub away, another running       stays, and is tried again
    change sets before it missing   stays, and the files after it too: the order is theirs

A file's token is written down before the hub is asked, and forgotten after the file was moved: a
run that is killed anywhere finds its publication again instead of making another.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from certs.canonical import Json
from certs.encoding import rfc3339
from certs.errors import YifenError
from connectors.commands.delivery import Delivered, Delivery
from connectors.commands.given import Given
from connectors.commands.running import Running
from connectors.errors import Refused, SnapshotOlder
from connectors.sources.drop_folder import DropFolder, End, number_of
from connectors.sources.errors import SourceChanged, SourceError, SourceMissing
from connectors.sources.publish import Published

_SOURCE_FAULTS = frozenset({400, 413, 422})
"""What the hub answers to what can never be published as it is."""
_GOOD = frozenset({"live", "held"})


class Watching:
    """The files of one folder, for one dataset."""

    def __init__(self, running: Running, given: Given, folder: DropFolder, poll: float) -> None:
        self._running = running
        self._given = given
        self._folder = folder
        self._poll = poll

    def turn(self) -> None:
        """Take the next file, or wait for one."""
        running = self._running
        try:
            path = self._folder.next()
        except OSError as error:
            running.tell("folder", why=type(error).__name__)
            path = None
        if path is None:
            running.sleep(self._poll)
            return
        try:
            self._publish(path)
        except (SourceChanged, SourceMissing):
            # It was not complete after all.
            self._folder.unsettle(path)
        except (SourceError, SnapshotOlder) as error:
            self._failed(path, error)
        except Refused as error:
            if error.problem.status in _SOURCE_FAULTS:
                self._failed(path, error)
            else:
                running.pause(error)
        except YifenError as error:
            running.pause(error)
        except OSError as error:
            running.tell("folder", why=type(error).__name__)
            running.sleep(self._poll)
        except Exception as error:  # noqa: BLE001 one bad file must not stop the others
            self._move(path, "failed", {"state": "unreadable", "error": type(error).__name__})

    def _publish(self, path: Path) -> None:
        given = replace(self._given, file=path)
        if given.changes:
            given = replace(given, sequence=number_of(path.name))
        self._running.tell("taking", file=path.name)

        def settle(delivered: Delivered, _: Delivery) -> None:
            outcome = delivered.outcome
            if not isinstance(outcome, Published):
                told: dict[str, Json] = {"state": "changes-applied", "sequence": outcome.sequence}
                self._move(path, "done", told)
                return
            state = outcome.publication.state
            told = {
                "state": state,
                "sequence": outcome.sequence,
                "rows": outcome.rows,
                "publication": outcome.publication.model_dump(mode="json"),
            }
            end: End = "done" if state in _GOOD else "failed"
            self._move(path, end, told, delivered.rejected)

        self._running.deliver(given, lambda *_: None, settle)

    def _failed(self, path: Path, error: SourceError | SnapshotOlder | Refused) -> None:
        title, detail = self._running.setting.screen.describe(error)
        code = error.problem.code if isinstance(error, Refused) else error.code
        told: dict[str, Json] = {"code": code, "title": title, "detail": detail}
        self._move(path, "failed", {"state": "refused", "error": told})
        # What was sent of it before it was found to be bad.
        self._running.discard(self._given.dataset)

    def _move(
        self, path: Path, end: End, told: Mapping[str, Json], rejected: Path | None = None
    ) -> None:
        about: dict[str, Json] = {
            "v": 1,
            "file": path.name,
            "dataset": self._given.dataset,
            "time": rfc3339(self._running.clock()),
        }
        target = self._folder.finish(path, end, {**about, **told}, rejected)
        self._running.tell(
            "moved", file=path.name, state=str(told["state"]), to=f"{end}/{target.name}"
        )


def run_watching(
    running: Running, given: Given, folder: Path, *, settle: float, poll: float
) -> None:
    """Publish what is dropped into ``folder`` until SIGTERM."""
    dropped = DropFolder(folder, settle, running.monotonic)
    running.tell("watching", folder=folder.name, dataset=given.dataset)
    running.until_ended(Watching(running, given, dropped, poll).turn)
