"""The catalogue as DCAT-AP 3.0.1, judged by the published shapes."""

from pathlib import Path

import pyshacl
import pytest
from rdflib import DCAT, DCTERMS, RDF, SH, Graph, URIRef
from rdflib.compare import isomorphic

from catalog.dcat import DcatGraph
from catalog.definition import bundled
from catalog.entry import Entry, Publisher

# The library's own reader of JSON-LD uses a class of its own that it has given up.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
ORIGIN = "https://hub.example"
POLICE = Publisher("psb", "公安局", "Public Security Bureau")


def exported(as_of: int | None = 1_790_000_000_000) -> DcatGraph:
    graph = DcatGraph(ORIGIN, "示范市数据共享目录", "Catalogue of the demo city")
    graph.add(Entry(dataset, POLICE, as_of) for dataset in bundled().values())
    return graph


def parsed(data: bytes, form: str) -> Graph:
    return Graph().parse(data=data, format=form)


# What DCAT-AP recommends and a hub does not know of its entries, or says elsewhere.
NOT_SAID = {
    "conformsTo",
    "contactPoint",
    "endpointDescription",
    "issued",
    "keyword",  # of the service: each dataset has its own
    "license",  # the law's conditions stand in dct:rights
    "modified",  # of the catalogue: each dataset has its own
    "spatial",
    "temporal",
    "theme",  # of the service
    "type",
}


def shapes(vectors: Path, *names: str) -> Graph:
    found = Graph()
    for name in names:
        found.parse(vectors / "dcat-ap-3.0.1" / name)
    return found


@pytest.mark.parametrize("as_of", [None, 1_790_000_000_000])
def test_it_passes_the_published_shapes(vectors: Path, as_of: int | None) -> None:
    data = parsed(exported(as_of).turtle(), "turtle")
    judged = shapes(vectors, "shapes.ttl", "range.ttl")
    conforms, _, told = pyshacl.validate(data, shacl_graph=judged, advanced=True)
    assert conforms, told


def test_what_is_recommended_and_not_said_is_known(vectors: Path) -> None:
    data = parsed(exported().turtle(), "turtle")
    judged = shapes(vectors, "shapes_recommended.ttl")
    _, report, told = pyshacl.validate(data, shacl_graph=judged, advanced=True)
    assert isinstance(report, Graph)
    results = set(report.subjects(RDF.type, SH.ValidationResult))
    assert {report.value(one, SH.resultSeverity) for one in results} == {SH.Warning}, told
    paths = {str(report.value(one, SH.resultPath)) for one in results}
    assert {path.replace("#", "/").rpartition("/")[2] for path in paths} <= NOT_SAID, told


def test_the_shapes_see_what_is_missing(vectors: Path) -> None:
    data = parsed(exported().turtle(), "turtle")
    data.remove((URIRef(f"{ORIGIN}/catalogue/resident"), DCTERMS.title, None))
    judged = shapes(vectors, "shapes.ttl", "range.ttl")
    conforms, _, told = pyshacl.validate(data, shacl_graph=judged, advanced=True)
    assert not conforms
    assert "title" in told


def test_both_forms_say_the_same() -> None:
    graph = exported()
    assert isomorphic(parsed(graph.turtle(), "turtle"), parsed(graph.json_ld(), "json-ld"))


def test_every_dataset_stands_in_it_with_its_way_in() -> None:
    data = parsed(exported().json_ld(), "json-ld")
    datasets = set(data.subjects(RDF.type, DCAT.Dataset))
    assert datasets == {URIRef(f"{ORIGIN}/catalogue/{code}") for code in bundled()}
    for dataset in datasets:
        (distribution,) = data.objects(dataset, DCAT.distribution)
        (access,) = data.objects(distribution, DCAT.accessURL)
        assert str(access).startswith(f"{ORIGIN}/v1/datasets/")
