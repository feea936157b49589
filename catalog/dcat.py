"""The catalogue as DCAT-AP 3, for other catalogues to harvest: Turtle and JSON-LD.

DCAT-AP 3.0.1: a catalogue, its datasets with their distributions, and the hub's one data service.
The vocabularies are those that DCAT-AP names (EU authority tables). What the law's own elements
have no property for (conditions of use, grade and scheme) stands in the access rights.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from rdflib import (
    DCAT,
    DCTERMS,
    FOAF,
    PROV,
    RDF,
    RDFS,
    SKOS,
    XSD,
    Graph,
    Literal,
    Namespace,
    URIRef,
)

from catalog.definition import Dataset
from catalog.entry import Entry

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
_AUTHORITY = "http://publications.europa.eu/resource/authority/"
_FREQUENCY = {1: "CONT", 2: "DAILY", 3: "WEEKLY", 4: "MONTHLY", 5: "QUARTERLY", 6: "ANNUAL"}
"""By update cycle: 实时, 日, 周, 月, 季, 年 (``domain.md`` §2)."""
_ACCESS = {1: "RESTRICTED", 2: "RESTRICTED", 3: "NON_PUBLIC"}
"""By sharing attribute: shared among departments is not public (政务数据共享条例, Art 15)."""
_THEME = {
    "natural_person": "SOCI",
    "e_licence": "GOVE",
    "legal_entity": "ECON",
    "geography": "REGI",
    "credit": "ECON",
    "shared_material": "GOVE",
}
_LANGUAGES = ("ZHO", "ENG")
_CONTEXT = {
    "adms": str(ADMS),
    "dcat": str(DCAT),
    "dcatap": str(DCATAP),
    "dct": str(DCTERMS),
    "foaf": str(FOAF),
    "prov": str(PROV),
    "rdfs": str(RDFS),
    "skos": str(SKOS),
    "xsd": str(XSD),
}


class DcatGraph:
    """The graph of a catalogue at ``origin``, the hub's public address without a slash behind."""

    def __init__(self, origin: str, title_zh: str, title_en: str) -> None:
        self._origin = origin
        self._graph = Graph()
        for prefix, namespace in _CONTEXT.items():
            self._graph.bind(prefix, namespace)
        self.catalogue = URIRef(f"{origin}/catalogue")
        self._service = URIRef(f"{origin}/catalogue#service")
        self._agent = URIRef(f"{origin}/catalogue#hub")
        self._catalogue(title_zh, title_en)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take entries in."""
        for entry in entries:
            self._dataset(entry)

    def turtle(self) -> bytes:
        """As ``text/turtle``."""
        return self._graph.serialize(format="turtle", encoding="utf-8")

    def json_ld(self) -> bytes:
        """As ``application/ld+json``; its context stands in it, so nothing has to be fetched."""
        return self._graph.serialize(
            format="json-ld", encoding="utf-8", context=_CONTEXT, sort_keys=True
        )

    def _catalogue(self, title_zh: str, title_en: str) -> None:
        self._say(self.catalogue, RDF.type, DCAT.Catalog)
        self._agent_named(self._agent, title_zh, title_en)
        for subject in (self.catalogue, self._service):
            self._both(subject, DCTERMS.title, title_zh, title_en)
            self._say(subject, DCTERMS.publisher, self._agent)
        self._both(
            self.catalogue,
            DCTERMS.description,
            "各部门可申请共享的政务数据目录。",
            "The data that departments may apply for.",
        )
        self._languages(self.catalogue)
        homepage = URIRef(f"{self._origin}/")
        self._say(self.catalogue, FOAF.homepage, homepage)
        self._say(homepage, RDF.type, FOAF.Document)
        themes = URIRef(f"{_AUTHORITY}data-theme")
        self._say(self.catalogue, DCAT.themeTaxonomy, themes)
        self._say(themes, RDF.type, SKOS.ConceptScheme)
        self._both(themes, DCTERMS.title, "数据主题", "Data themes")
        self._say(self._service, RDF.type, DCAT.DataService)
        self._say(self._service, DCAT.endpointURL, URIRef(f"{self._origin}/v1"))
        self._say(self.catalogue, DCAT.service, self._service)

    def _dataset(self, entry: Entry) -> None:
        dataset, provider = entry.dataset, entry.provider
        subject = URIRef(f"{self._origin}/catalogue/{dataset.code}")
        publisher = URIRef(f"{self._origin}/catalogue#department-{provider.code}")
        self._agent_named(publisher, provider.title_zh, provider.title_en)
        self._say(self.catalogue, DCAT.dataset, subject)
        self._say(self._service, DCAT.servesDataset, subject)
        self._say(subject, RDF.type, DCAT.Dataset)
        self._both(subject, DCTERMS.title, dataset.title_zh, dataset.title_en)
        self._both(subject, DCTERMS.description, dataset.summary_zh, dataset.summary_en)
        self._say(subject, DCTERMS.identifier, Literal(dataset.code))
        if dataset.classification is not None:
            self._classified(subject, dataset.classification)
        self._say(subject, DCTERMS.publisher, publisher)
        self._typed(subject, DCAT.theme, "data-theme", _THEME[dataset.family], SKOS.Concept)
        self._typed(
            subject,
            DCTERMS.accrualPeriodicity,
            "frequency",
            _FREQUENCY[dataset.cycle],
            DCTERMS.Frequency,
        )
        self._typed(
            subject,
            DCTERMS.accessRights,
            "access-right",
            _ACCESS[dataset.sharing],
            DCTERMS.RightsStatement,
        )
        self._languages(subject)
        for item in dataset.items:
            self._say(subject, DCAT.keyword, Literal(item.title_zh, lang="zh"))
            self._say(subject, DCAT.keyword, Literal(item.title_en, lang="en"))
        if entry.as_of is not None:
            moment = datetime.fromtimestamp(entry.as_of / 1000, UTC)
            told = Literal(moment.isoformat(timespec="seconds"), datatype=XSD.dateTime)
            self._say(subject, DCTERMS.modified, told)
        self._distribution(subject, dataset)

    def _classified(self, subject: URIRef, code: str) -> None:
        """The entry's code by 类/项/目/细目, as an identifier beside the hub's own."""
        identifier = URIRef(f"{subject}#classification")
        self._say(subject, ADMS.identifier, identifier)
        self._say(identifier, RDF.type, ADMS.Identifier)
        self._say(identifier, SKOS.notation, Literal(code, datatype=XSD.token))
        self._say(
            identifier, ADMS.schemaAgency, Literal("政务信息资源目录编制指南（试行）", lang="zh")
        )

    def _distribution(self, subject: URIRef, dataset: Dataset) -> None:
        distribution = URIRef(f"{subject}#lookup")
        self._say(subject, DCAT.distribution, distribution)
        self._say(distribution, RDF.type, DCAT.Distribution)
        self._both(distribution, DCTERMS.title, "按主体查询", "Lookup by subject")
        self._both(
            distribution,
            DCTERMS.description,
            "凭授权按主体查询所授信息项。",
            "The granted items of one subject, under a grant.",
        )
        available = URIRef(f"{_AUTHORITY}planned-availability/AVAILABLE")
        self._say(distribution, DCATAP.availability, available)
        self._say(available, RDF.type, SKOS.Concept)
        self._say(available, SKOS.prefLabel, Literal("AVAILABLE"))
        access = URIRef(f"{self._origin}/v1/datasets/{dataset.code}/lookup")
        self._say(distribution, DCAT.accessURL, access)
        self._say(access, RDF.type, RDFS.Resource)
        self._say(distribution, DCAT.accessService, self._service)
        self._typed(distribution, DCTERMS.format, "file-type", "JSON", DCTERMS.MediaTypeOrExtent)
        rights = URIRef(f"{subject}#conditions")
        self._say(distribution, DCTERMS.rights, rights)
        self._say(rights, RDF.type, DCTERMS.RightsStatement)
        self._both(rights, RDFS.label, _conditions_zh(dataset), _conditions_en(dataset))

    def _agent_named(self, agent: URIRef, title_zh: str, title_en: str) -> None:
        self._say(agent, RDF.type, FOAF.Agent)
        self._both(agent, FOAF.name, title_zh, title_en)

    def _languages(self, subject: URIRef) -> None:
        for code in _LANGUAGES:
            self._typed(subject, DCTERMS.language, "language", code, DCTERMS.LinguisticSystem)

    def _typed(self, subject: URIRef, says: URIRef, table: str, code: str, kind: URIRef) -> None:
        """A value from one of the authority tables, with its kind and a label."""
        value = URIRef(f"{_AUTHORITY}{table}/{code}")
        self._say(subject, says, value)
        self._say(value, RDF.type, kind)
        if kind == SKOS.Concept:
            self._say(value, SKOS.prefLabel, Literal(code))

    def _both(self, subject: URIRef, says: URIRef, zh: str, en: str) -> None:
        self._say(subject, says, Literal(zh, lang="zh"))
        self._say(subject, says, Literal(en, lang="en"))

    def _say(self, subject: URIRef, says: URIRef, what: URIRef | Literal) -> None:
        self._graph.add((subject, says, what))


def _conditions_zh(dataset: Dataset) -> str:
    attribute = {1: "无条件共享", 2: "有条件共享", 3: "不予共享"}[dataset.sharing]
    parts = (attribute, f"{dataset.level} 级（{dataset.level_scheme}）", dataset.conditions_zh)
    return "；".join(part for part in parts if part)


def _conditions_en(dataset: Dataset) -> str:
    attribute = {1: "shared without conditions", 2: "shared under conditions", 3: "not shared"}
    parts = (attribute[dataset.sharing], f"level {dataset.level}", dataset.conditions_en)
    return "; ".join(part for part in parts if part)
