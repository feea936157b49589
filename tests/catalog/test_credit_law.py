"""What may not be collected about credit is refused; elsewhere the same item may stand."""

import pytest

from catalog.definition import bundled, load
from catalog.errors import DefinitionRefused


def definition(family: str, zh: str, en: str, code: str, alias: str = "") -> bytes:
    aliases = f'aliases = ["{alias}"]' if alias else ""
    return f"""
code = "sample"
title_zh = "样例"
title_en = "Sample"
summary_zh = "样例"
summary_en = "Sample"
family = "{family}"
sharing = 2
methods = ["service"]
conditions_zh = "仅供样例"
conditions_en = "for the sample"
format = 3
cycle = 2
level = 2
level_scheme = "四级分级"
legal_basis = "样例"
subject = "uscc"
row_key = ["uscc"]
cardinality = "one"

[[items]]
code = "uscc"
title_zh = "统一社会信用代码"
title_en = "Unified social credit code"
type = "identifier:uscc"
sensitivity = 1
required = true

[[items]]
code = "{code}"
title_zh = "{zh}"
title_en = "{en}"
type = "text"
sensitivity = 3
{aliases}
""".encode()


@pytest.mark.parametrize(
    ("zh", "en", "code", "alias"),
    [
        ("宗教信仰", "Creed", "creed", ""),
        ("类别", "Religion", "kind", ""),
        ("样本", "Genetic sample", "sample_1", ""),
        ("生物特征", "Biometry", "fingerprint", ""),
        ("血型", "ABO group", "abo", ""),
        ("健康", "Health", "health", "既往病史"),
        ("健康", "Health", "health", "medical record"),
    ],
)
def test_such_an_item_is_refused_in_credit_and_only_there(
    zh: str, en: str, code: str, alias: str
) -> None:
    with pytest.raises(DefinitionRefused) as caught:
        load(definition("credit", zh, en, code, alias), "sample.toml")
    assert caught.value.facts["why"] == "credit-may-not-collect"
    assert caught.value.facts["place"] == f"items[{code}]"
    assert load(definition("natural_person", zh, en, code, alias), "sample.toml")


@pytest.mark.parametrize(
    ("zh", "en", "code"),
    [
        ("信用等级", "Credit rating", "rating"),
        ("处罚机关", "Agency", "agency"),
        ("守信记录", "Record of good faith", "good_faith"),
    ],
)
def test_what_is_only_like_it_may_stand(zh: str, en: str, code: str) -> None:
    """«Agency» holds no gene, and 信用 no 信仰."""
    assert load(definition("credit", zh, en, code), "sample.toml")


def test_the_credit_datasets_of_the_product_stand() -> None:
    assert {one.code for one in bundled().values() if one.family == "credit"} >= {"credit_penalty"}
