"""Another process that enters attempts into a ledger: ``committing.py FOLDER HOW COUNT [NONCE]``.

It says ``ready`` and waits for a line, so that two of them begin together; then it tells what
became of each attempt, one line each.
"""

import itertools
import os
import sys
from pathlib import Path

from world.time import HOUR, NOW, Time

from certs.leaf import SALT_BYTES
from certs.sealing import MasterKey
from hub.ledger.attempt import Attempt, Charge, Entered, Nonce
from hub.ledger.committer import Committer
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys, seal_person
from hub.ledger.store import LedgerStore
from hub.lookup.ask import NOBODY
from hub.storage.folder import Folder

GROUP = 7


def main() -> None:
    _, root, how, count, *nonce = sys.argv
    folder, time = Folder(Path(root)), Time()
    store = LedgerStore(folder, time)
    master = MasterKey.load(folder.keys / "master.key")
    month_keys = MonthKeys(folder.keys, master)
    key = PersonKeys(store.connection, month_keys).current("default", NOW, store)
    limits = {"quota": Charge("G", 50), "nonce": None}
    attempts = [
        Attempt(
            id=int.from_bytes(os.urandom(8), "big") >> 1,
            kind="lookup",
            nonce=Nonce(int(nonce[0]), int(nonce[1])) if nonce else _fresh(),
            question=None,
            epoch=0,
            not_before=NOW - HOUR,
            not_after=NOW + HOUR,
            charge=limits[how],
            mismatch=None,
            control={"number": number},
            control_salt=os.urandom(SALT_BYTES),
            internal=b"{}",
            internal_salt=os.urandom(SALT_BYTES),
            person=seal_person(NOBODY, os.urandom(SALT_BYTES), key),
        )
        for number in range(int(count))
    ]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    committer = Committer(store, mismatches_per_hour=5)
    waiting = iter(attempts)
    while group := list(itertools.islice(waiting, GROUP)):
        for result in committer.commit(group):
            told = "entered" if isinstance(result, Entered) else result.value
            sys.stdout.write(f"{told}\n")
    store.close()


def _fresh() -> Nonce:
    return Nonce.of(int.from_bytes(os.urandom(8), "big") >> 1, NOW // 1000 + 60)


main()
