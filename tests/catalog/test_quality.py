"""The rules of a definition: read strictly, refused with their place."""

import pytest

from catalog.definition import Dataset, bundled, load
from catalog.errors import DefinitionRefused
from catalog.finding import SEVERITIES, Finding, finding_words, share_words
from catalog.messages import LANGUAGES, catalogue
from catalog.quality import MAX_RULES, Exists, Thresholds

HEAD = """
code = "trial"
title_zh = "试"
title_en = "Trial"
summary_zh = "试"
summary_en = "Trial"
family = "credit"
sharing = 1
methods = ["service"]
conditions_zh = ""
conditions_en = ""
format = 3
cycle = 2
level = 1
level_scheme = "四级"
legal_basis = "试"
subject = "id"
row_key = ["id"]
cardinality = "one"
"""
ITEMS = "".join(
    f'[[items]]\ncode = "{code}"\ntitle_zh = "{code}字"\ntitle_en = "The {code}"\ntype = "{kind}"\n'
    f"sensitivity = 1\n{more}\n"
    for code, kind, more in (
        ("id", "identifier:resident_id", "required = true"),
        ("name", "text", "required = true"),
        ("note", "text", ""),
        ("begin", "date", ""),
        ("end", "date", ""),
        ("fee", "decimal", ""),
        ("tax", "integer", ""),
        ("total", "decimal", ""),
        ("open", "boolean", ""),
        ("kind", "code", '[items.codes]\n1 = { zh = "甲", en = "One" }'),
    )
)


def trial(rules: str, quality: str = "") -> Dataset:
    return load(f"{HEAD}{quality}{ITEMS}{rules}".encode(), "trial.toml")


def rule(kind: str, rest: str, code: str = "r") -> str:
    return f'\n[[rules]]\nkind = "{kind}"\ncode = "{code}"\n{rest}\n'


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (rule("range", 'item = "fee"\nmin = 1.5'), "rules[r].min", "bound"),
        (rule("range", 'item = "fee"\nmin = true'), "rules[r].min", "bound"),
        (rule("range", 'item = "fee"\nmin = "1e5"'), "rules[r].min", "bound"),
        (rule("range", 'item = "fee"\nmin = "today"'), "rules[r].min", "bound"),
        (rule("range", 'item = "fee"\nmax = 2026-01-01'), "rules[r].max", "bound"),
        (rule("range", 'item = "begin"\nmax = 7'), "rules[r].max", "bound"),
        (rule("range", 'item = "begin"\nmax = "2026-02-30"'), "rules[r].max", "bound"),
        (rule("range", 'item = "fee"\nmin = 10\nmax = 9'), "rules[r].max", "bounds-turned"),
        (
            rule("range", 'item = "begin"\nmin = 2026-01-02\nmax = 2026-01-01'),
            "rules[r].max",
            "bounds-turned",
        ),
        (rule("range", 'item = "fee"'), "rules[r].min", "bound-missing"),
        (rule("range", 'item = "note"\nmin = 1'), "rules[r].item", "no-range-for-this-type"),
        (rule("range", 'item = "fees"\nmin = 1'), "rules[r].item", "item-missing"),
        (rule("sum", 'item = "total"\nof = ["fee", "rate"]'), "rules[r].of", "item-missing"),
        (rule("sum", 'item = "total"\nof = ["fee", "note"]'), "rules[r].of", "not-a-number"),
        (rule("sum", 'item = "total"\nof = ["fee", "fee"]'), "rules[r].of", "item-twice"),
        (rule("sum", 'item = "total"\nof = ["fee", "total"]'), "rules[r].of", "item-twice"),
        (rule("sum", 'item = "total"\nof = ["fee"]'), "rules[r].of", "too-short"),
        (
            rule("sum", 'item = "total"\nof = ["fee", "tax"]\ntolerance = -1'),
            "rules[r].tolerance",
            "bound",
        ),
        (rule("not-before", 'item = "end"\nthan = "end"'), "rules[r].than", "item-twice"),
        (rule("not-before", 'item = "end"\nthan = "fee"'), "rules[r].than", "not-a-date"),
        (rule("not-before", 'item = "note"\nthan = "end"'), "rules[r].item", "not-a-date"),
        (rule("required-if", 'item = "name"\nwhen = "kind"'), "rules[r].item", "item-required"),
        (rule("required-if", 'item = "note"\nwhen = "note"'), "rules[r].when", "item-twice"),
        (
            rule("required-if", 'item = "note"\nwhen = "kind"\nvalues = ["2"]'),
            "rules[r].values",
            "code-unknown",
        ),
        (
            rule("required-if", 'item = "note"\nwhen = "open"\nvalues = ["yes"]'),
            "rules[r].values",
            "code-unknown",
        ),
        (
            rule("required-if", 'item = "note"\nwhen = "end"\nvalues = [""]'),
            "rules[r].values",
            "value-empty",
        ),
        (rule("unique", 'item = "id"'), "rules[r].item", "row-key-is-unique"),
        (
            "".join(rule("unique", f'item = "{one}"', one) for one in ("note", "fee", "tax")),
            "rules",
            "too-many-unique",
        ),
        (rule("exists", 'item = "note"\ndatasets = ["a"]'), "rules[r].item", "not-an-identifier"),
        (
            rule("exists", 'item = "id"\ndatasets = ["a", "a"]'),
            "rules[r].datasets",
            "dataset-twice",
        ),
        (rule("exists", 'item = "id"\ndatasets = ["trial"]'), "rules[r].datasets", "own-dataset"),
        (rule("exists", 'item = "id"\ndatasets = []'), "rules[r].datasets", "too-short"),
        (rule("max-empty", 'item = "name"\npercent = 5'), "rules[r].item", "item-required"),
        (rule("max-empty", 'item = "note"\npercent = 101'), "rules[r].percent", "less-than-equal"),
        (rule("max-unlisted", 'item = "note"\npercent = 5'), "rules[r].item", "not-a-code"),
        (rule("unique", 'item = "note"') * 2, "rules[r]", "rule-twice"),
        (rule("unique", 'item = "note"\nsql = "1"'), "rules[r].sql", "extra-forbidden"),
        (rule("unique", 'item = "note"\nseverity = "hold"'), "rules[r].severity", "literal-error"),
        (rule("sql", 'item = "note"'), "rules[r]", "union-tag-invalid"),
        ('\n[[rules]]\nkind = "unique"\nitem = "note"\n', "rules[1].code", "missing"),
        (
            "".join(rule("max-empty", 'item = "note"\npercent = 1', f"r{n}") for n in range(51)),
            "rules",
            "too-many-rules",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(
    text: str, place: str, why: str
) -> None:
    assert MAX_RULES == 50
    with pytest.raises(DefinitionRefused) as refused:
        trial(text)
    assert refused.value.facts == {"file": "trial.toml", "place": place, "why": why}


@pytest.mark.parametrize(
    ("quality", "place"),
    [
        ("max_drop = 101", "quality.max_drop"),
        ("max_rejected = -1", "quality.max_rejected"),
        ("max_dorp = 1", "quality.max_dorp"),
        ("new_shape = 0.5", "quality.new_shape"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(quality: str, place: str) -> None:
    with pytest.raises(DefinitionRefused) as refused:
        trial("", f"quality = {{ {quality} }}\n")
    assert refused.value.facts["place"] == place


def test_rules_survive_the_way_to_connectors() -> None:
    every = (
        rule("range", 'item = "fee"\nmin = 0\nmax = "10.50"', "a")
        + rule("range", 'item = "begin"\nmin = 1949-10-01\nmax = "today"\nseverity = "reject"', "b")
        + rule("sum", 'item = "total"\nof = ["fee", "tax"]', "c")
        + rule("not-before", 'item = "end"\nthan = "begin"', "d")
        + rule("required-if", 'item = "note"\nwhen = "open"\nvalues = ["true"]', "e")
        + rule("unique", 'item = "note"', "f")
        + rule("exists", 'item = "id"\ndatasets = ["resident"]', "g")
        + rule("max-empty", 'item = "note"\npercent = 10', "h")
        + rule("max-unlisted", 'item = "kind"\npercent = 0', "i")
    )
    dataset = trial(every, "quality = { max_drop = 1 }\n")
    assert Dataset.model_validate_json(dataset.model_dump_json()) == dataset
    assert len(dataset.rules) == 9
    assert dataset.quality.max_drop == 1


def test_without_rules_a_dataset_is_held_as_it_always_was() -> None:
    dataset = trial("")
    assert dataset.rules == ()
    assert dataset.quality == Thresholds()
    assert (dataset.quality.max_rejected, dataset.quality.max_drop) == (5, 20)


def test_every_dataset_that_is_bundled_has_rules_and_names_bundled_ones() -> None:
    for dataset in bundled().values():
        assert dataset.rules, dataset.code
        for one in dataset.rules:
            if isinstance(one, Exists):
                kinds = {kind for code in one.datasets for kind in bundled()[code].subject.kinds}
                assert set(dataset.by_code[one.item].kinds) & kinds, (dataset.code, one.code)


def test_findings_are_put_into_words_in_both_languages() -> None:
    dataset = trial("")
    found = Finding(
        kind="rule-not-before",
        severity="warn",
        item="end",
        rule="r",
        facts={"rows": 12_345, "other": "begin", "fate": "rejected"},
    )
    assert (
        finding_words(found, dataset.by_code, "zh") == "12,345 行的“end字”早于“begin字”（已拒绝）"
    )
    assert (
        finding_words(found, dataset.by_code, "en")
        == "in 12,345 rows “The end” is before “The begin” (rejected)"
    )
    risen = Finding(kind="empties-up", severity="warn", item="note", facts={"was": 5, "now": 1_250})
    assert finding_words(risen, dataset.by_code, "en") == (
        "“The note” is empty in 12.5% of the rows, 0.05% last time"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_newer_hub_finds_is_told_by_its_name(language: str) -> None:
    newer = Finding(kind="brand-new", severity="info", item="x", facts={"odd": 1})
    lacking = Finding(kind="empties-up", severity="info", item="x")
    for found in (newer, lacking):
        assert finding_words(found, {}, "zh" if language == "zh" else "en") == found.kind


def test_shares_are_told_without_idle_digits() -> None:
    shown = [share_words(hundredths) for hundredths in (0, 1, 10, 100, 1_250, 10_000)]
    assert shown == ["0%", "0.01%", "0.1%", "1%", "12.5%", "100%"]


def test_every_severity_has_its_word() -> None:
    assert {f"quality.severity.{one}" for one in SEVERITIES} <= catalogue().keys()
