"""Nothing of a licence can be read in a hub's folder, nor opened by the master key of before."""

from pathlib import Path

import pytest
from plaintext import Plaintext
from world.licensing import COMPANY, Licensing
from world.town import ADMINISTRATOR

from certs.errors import SealBroken
from certs.sealing import MasterKey
from hub.errors import NotFound
from hub.keys.copying import confirm_copy, new_master
from hub.keys.master import waiting_file
from hub.ledger.change import OPERATOR
from hub.storage.wrapped import licence_context

NOTE = "因持证人欧阳建国的申请"
SECRETS = ("玉溪小馆餐饮有限公司", "530400100000001", "云南省玉溪市红塔区", "餐饮服务", NOTE)


def test_attack_plaintext_in_the_database(licensed: Licensing) -> None:
    done = licensed.issued(credential={}, case="A-77-OUYANG")
    assert licensed.act(done["licence"], "other", note=NOTE).status == 200
    licensed.lookup(items=["holder_name", "scope"])
    credential = str(done["credential"])
    sought = Plaintext(
        [*SECRETS, COMPANY, str(done["identifier"]), "A-77-OUYANG", credential.split("~")[1]]
    )
    assert sought.in_folder(licensed.world.root) == []
    written = licensed.world.root / "leak"
    written.write_text(COMPANY)
    assert sought.in_folder(licensed.world.root) != []


def test_the_master_keys_change_wraps_licences_anew(licensed: Licensing, tmp_path: Path) -> None:
    done = licensed.issued()
    hub, path = licensed.world.hub, licensed.world.hub.settings.master_key
    old = MasterKey.load(path)
    made = new_master(hub.changes, OPERATOR, path)
    copy = tmp_path / "stick"
    copy.write_bytes(waiting_file(path).read_bytes())
    confirm_copy(hub.changes, OPERATOR, path, copy)
    hub.keys.replacing.rotate(ADMINISTRATOR, made)
    (blob,) = hub.reading.execute("SELECT key FROM licences").fetchone()
    context = licence_context(str(done["licence"]))
    with pytest.raises(SealBroken):
        old.unwrap(blob, context)
    assert MasterKey.load(path).unwrap(blob, context)
    assert licensed.status() == ["01"]
    assert licensed.act(done["licence"], "suspend").status == 200
    assert licensed.status() == ["02"]


def test_attack_a_licence_put_under_another_holder_in_the_database(licensed: Licensing) -> None:
    """It is not given: what is sealed says whose it is."""
    licensed.issued()
    other = licensed.issued(metadata={"number": "2", "holder_id": "91530400MA6K5LA82H"})
    connection = licensed.world.hub.store.connection
    (tag,) = connection.execute("SELECT holder FROM licences ORDER BY rowid LIMIT 1").fetchone()
    connection.execute("UPDATE licences SET holder = ? WHERE id = ?", (tag, other["licence"]))
    answer = licensed.lookup()
    assert answer.status >= 500
    assert "records" not in answer.document


def test_attack_the_content_of_one_licence_put_into_another(licensed: Licensing) -> None:
    first = licensed.issued()
    other = licensed.issued(metadata={"number": "2"})
    connection = licensed.world.hub.store.connection
    row = connection.execute(
        "SELECT key, sealed FROM licences WHERE id = ?", (other["licence"],)
    ).fetchone()
    connection.execute(
        "UPDATE licences SET key = ?, sealed = ? WHERE id = ?", (*row, first["licence"])
    )
    assert licensed.lookup().status >= 500
    with pytest.raises((SealBroken, NotFound)):
        licensed.world.hub.papers._peek(str(first["licence"]), "mrb")
    assert licensed.world.findings().faults != ()
