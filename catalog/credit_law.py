"""What may not be collected about anybody's credit, whoever asks for it.

征信业管理条例, Art 14: religious belief, genes, fingerprints, blood type, diseases and medical
history. A dataset of the credit family with such an item is refused when it is registered, and one
that was registered before when it is next published.
"""

import re

from catalog.item import Item

_ZH = re.compile("宗教|信仰|基因|指纹|血型|疾病|病史|病历|患病")
_EN = re.compile(
    r"\b(?:religio\w*|genes?|genetic\w*|genom\w*|dna|fingerprints?|blood|"
    r"diseases?|illness\w*|medical)\b"
)


def may_not_be_collected(item: Item) -> bool:
    """Whether one of an item's names is of what the law keeps out of credit records."""
    names = (item.code.replace("_", " "), item.title_en, item.standard.replace("_", " "))
    chinese = (item.title_zh, *item.aliases)
    return any(_EN.search(name.lower()) for name in (*names, *item.aliases)) or any(
        _ZH.search(name) for name in chinese
    )
