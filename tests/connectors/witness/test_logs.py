"""A witness's logs: keys that change, and the newest checkpoint of each for whoever asks."""

import hashlib
from dataclasses import replace

import pytest
from world.witnessing import House, SmallLog

from certs.cosignature import verify_cosignatures
from certs.keys import generate
from certs.note import open_checkpoint, sign_checkpoint
from connectors.witness.folder import add_log, remove_log


def seen(witness: House, log: SmallLog, size: int) -> None:
    """The witness has cosigned ``size``."""
    kept = witness.cosigned(log.origin)
    assert witness.post(log.body(kept.size if kept else 0, size)).status == 200


# -- keys -----------------------------------------------------------------------------------------
def test_a_log_may_change_its_key(witness: House, log: SmallLog) -> None:
    seen(witness, log, 3)
    young = replace(log, key=generate("ed25519"))
    assert witness.post(young.body(3, 4)).status == 403
    add_log(witness.path, young.vkey)
    both = sign_checkpoint(log.checkpoint(4), log.origin, log.key, young.key)
    assert witness.post(log.body(3, 4, note=both)).status == 200
    assert witness.post(young.body(4, 5)).status == 200
    kept = witness.cosigned(log.origin)
    assert kept is not None
    assert open_checkpoint(kept.note, [(log.origin, young.key.public)]).size == 5


def test_a_key_that_was_taken_away_signs_nothing_more(witness: House, log: SmallLog) -> None:
    seen(witness, log, 3)
    young = replace(log, key=generate("ed25519"))
    add_log(witness.path, young.vkey)
    remove_log(witness.path, log.vkey)
    assert witness.post(log.body(3, 4)).status == 403
    # What was cosigned under it is not forgotten.
    fork = replace(young, leaves=young.fork(1).leaves)
    fork.grow(9, "another leaf")
    assert witness.post(fork.body(0, 10)).status == 409
    assert witness.post(fork.body(3, 10)).status == 422
    assert witness.post(young.body(3, 4)).status == 200


# -- reading --------------------------------------------------------------------------------------
def path_of(origin: str) -> str:
    return f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"


def test_the_newest_cosigned_checkpoint_can_be_asked_for(witness: House, log: SmallLog) -> None:
    assert witness.call("GET", path_of(log.origin)).status == 404
    told = witness.post(log.body(0, 5))
    read = witness.call("GET", path_of(log.origin))
    assert (read.status, read.content_type) == (200, "text/plain; charset=utf-8")
    assert read.text == log.note(5) + told.text
    assert open_checkpoint(read.text, [(log.origin, log.key.public)]).size == 5
    verify_cosignatures(read.text, [witness.public], 1)
    assert witness.call("HEAD", path_of(log.origin)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/add-checkpoint", 405),
        ("POST", path_of("demo.yifen/ledger/1"), 405),
        ("GET", path_of("demo.yifen/ledger/1").upper(), 404),
        ("GET", "/demo.yifen/checkpoint", 404),
    ],
)
def test_there_is_nothing_else(
    witness: House, log: SmallLog, method: str, path: str, status: int
) -> None:
    seen(witness, log, 5)
    told = witness.call(method, path)
    assert (told.status, told.text) == (status, "")
