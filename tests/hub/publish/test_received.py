"""What has come of an upload is told to the connector that sends it, and to nobody else."""

import pytest
from publishing import COLUMNS, CONNECTOR, SmallHub, as_chunks, residents

from certs.encoding import sha256
from hub.errors import Forbidden, NotFound


def test_an_upload_is_told_while_it_is_received_and_no_longer(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    chunks = as_chunks(residents(30), 10)
    received = small.publications.received
    assert received(publication, connector=CONNECTOR) == []
    for number in (1, 0):
        small.publications.receive(publication, number, chunks[number], connector=CONNECTOR)
    told = [(number, sha256(chunks[number])) for number in (0, 1)]
    assert received(publication, connector=CONNECTOR) == told
    small.complete(publication, chunks)
    small.publications.wait(publication, 60.0)
    assert received(publication, connector=CONNECTOR) == []


def test_another_connector_learns_nothing_of_an_upload(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    with pytest.raises(Forbidden):
        small.publications.received(publication, connector=f"{CONNECTOR}-2")
    with pytest.raises(NotFound):
        small.publications.received("p-0000000000000000", connector=CONNECTOR)
