"""The catalogue over HTTP: finding, reading, and harvesting, for whoever is signed in."""

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from rdflib import DCAT, RDF, Graph, URIRef
from world.town import ADDRESS, ADMINISTRATOR, DATASETS, PASSWORD

from hub.access import departments
from hub.catalogue import datasets
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from world.asking import Answer
    from world.town import World

# The library's own reader of JSON-LD uses a class of its own that it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")


class Reader:
    """Somebody signed in who has nothing to do with most datasets."""

    def __init__(self, world: "World") -> None:
        self.world = world
        hashed = hash_password(PASSWORD, "nobody")
        accounts.enrol(world.hub.changes, OPERATOR, "reader", "读者", "nrb", ["officer"], hashed)
        body = json.dumps({"account": "reader", "password": PASSWORD}).encode()
        token = world.http("POST", "/v1/session", {}, body).document["token"]
        self._headers = {"authorization": f"Bearer {token}"}

    def get(self, path: str, **headers: str) -> "Answer":
        return self.world.http("GET", path, {**self._headers, **headers})

    def codes(self, query: str = "") -> list[str]:
        answer = self.get(f"/v1/catalogue{query}")
        assert answer.status == 200, answer.body
        entries = answer.document["entries"]
        assert isinstance(entries, list)
        return [str(one["code"]) for one in entries if isinstance(one, dict)]


@pytest.fixture
def reader(world: "World") -> Reader:
    return Reader(world)


def test_everybody_finds_everything_that_stands(reader: Reader) -> None:
    """What one may not ask for yet is what one has to find."""
    assert reader.codes() == sorted(DATASETS)
    assert reader.codes(f"?q={quote('处罚')}") == ["credit_penalty"]
    assert reader.codes("?provider=psb&family=natural_person") == ["resident"]
    assert reader.codes("?provider=nobody") == []


def test_suspended_datasets_and_departments_are_not_in_it(reader: Reader) -> None:
    changes = reader.world.hub.changes
    datasets.set_status(changes, ADMINISTRATOR, "resident", "suspended")
    assert "resident" not in reader.codes()
    assert reader.get("/v1/catalogue/resident").status == 404
    departments.set_status(changes, ADMINISTRATOR, "mrb", "suspended")
    assert reader.codes() == ["real_estate"]
    datasets.set_status(changes, ADMINISTRATOR, "resident", "active")
    assert reader.codes() == ["real_estate", "resident"]


def test_an_entry_has_every_element_of_the_law(reader: Reader) -> None:
    """政务数据共享条例, Art 13."""
    entry = reader.get("/v1/catalogue/resident").document
    for member in (
        "title_zh",
        "items",
        "provider",
        "format",
        "cycle",
        "sharing",
        "methods",
        "conditions_zh",
        "level",
        "level_scheme",
    ):
        assert entry[member] not in (None, "", []), member
    items = entry["items"]
    assert isinstance(items, list)
    assert all({"sharing", "sensitivity", "title_zh"} <= set(item) for item in items)  # type: ignore[arg-type]


def test_who_has_an_item_already(reader: Reader) -> None:
    answer = reader.get(f"/v1/catalogue-items?name={quote('身份证')}")
    found = answer.document["items"]
    assert isinstance(found, list)
    holders = {(one["dataset"], one["provider"]) for one in found if isinstance(one, dict)}
    assert ("resident", "psb") in holders
    assert reader.get("/v1/catalogue-items").status == 422


@pytest.mark.parametrize(
    "query",
    [
        "?q=530402199001010010",
        "?item=53040219900101001X",
        "?sharing=4",
        "?family=people",
        "?provider=A%00",
    ],
)
def test_what_makes_no_sense_is_refused(reader: Reader, query: str) -> None:
    """A number of a person is not looked up here: it would stand in an address."""
    answer = reader.get(f"/v1/catalogue{query}")
    assert (answer.status, answer.code) == (422, "unprocessable")
    assert b"530402" not in answer.body
    assert reader.get(f"/catalogue{query}").status in {303, 422}


@pytest.mark.parametrize(
    ("path", "accept", "form"),
    [
        ("/catalogue.ttl", "*/*", "turtle"),
        ("/catalogue.jsonld", "*/*", "json-ld"),
        ("/catalogue", "text/turtle", "turtle"),
        ("/catalogue", "application/ld+json, text/html;q=0.5", "json-ld"),
        ("/catalogue", "text/turtle;q=0.3, application/ld+json;q=0.9", "json-ld"),
    ],
)
def test_it_is_harvested_by_suffix_and_by_negotiation(
    reader: Reader, path: str, accept: str, form: str
) -> None:
    answer = reader.get(path, accept=accept)
    assert answer.status == 200
    data = Graph().parse(data=answer.body, format=form)
    found = set(data.subjects(RDF.type, DCAT.Dataset))
    assert found == {URIRef(f"{ADDRESS}/catalogue/{code}") for code in DATASETS}


def test_one_entry_is_harvested_alone(reader: Reader) -> None:
    for path, accept in (
        ("/catalogue/resident.ttl", "*/*"),
        ("/catalogue/resident", "text/turtle"),
    ):
        data = Graph().parse(data=reader.get(path, accept=accept).body, format="turtle")
        assert len(set(data.subjects(RDF.type, DCAT.Dataset))) == 1
    assert reader.get("/catalogue/resident.pdf").status == 404
    assert reader.get("/catalogue/nothing.ttl").status == 404


def test_nobody_reads_it_without_signing_in(world: "World") -> None:
    for path in ("/v1/catalogue", "/v1/catalogue/resident", "/v1/catalogue-items?name=x"):
        assert world.http("GET", path).status == 401
    for path in ("/catalogue", "/catalogue.ttl", "/catalogue/resident.jsonld"):
        answer = world.http("GET", path, {"accept": "text/turtle"})
        assert answer.status == 303
        assert answer.headers["location"].startswith("/sign-in")
