"""严禁出现“其他材料”: which names of materials are a catch-all, however they are written.

A name is refused if nothing in it says which paper is meant: if it is made of vague words only
(``法律法规规定的其他材料``, ``有关证明材料``), if it ends in "other" and vague words
(``营业执照及其他材料``), or if it ends in an open list (``章程等材料``). A longer specific name
that merely holds 其他 stands: ``其他组织登记证书``, ``营业执照或者其他主体资格证明``.

Compared is what a reader sees: compatibility forms folded, blanks, marks, punctuation and numbers
of a list gone, traditional characters simplified, Greek and Cyrillic letters read as the Latin ones
that they look like.
"""

import re
import tomllib
import unicodedata
from importlib.resources import files

LONGEST = 500
"""Characters that are looked at; a material's name has at most 200."""

_TRADITIONAL = str.maketrans(
    "它牠祂佗彵亓枓資證關規應當須據項類說認為條單機構補餘餘請審門務財見實際況區縣報書屬號與從將並視需別佐",
    "他他他他他其料资证关规应当须据项类说认为条单机构补余余请审门务财见实际况区县报书属号与从将并视需别佐",
)
_LOOKALIKES = str.maketrans("аеорсухіѕтмнκοερτνι", "aeopcyxistmhkoeptvi")

_GRADES = frozenset("一二三四五六七八九十特优甲乙丙丁高中初同平相对均劣次头上下几何")
"""Before 等 they make a grade or another word of it: 三等, 平等."""
_LATIN_END = re.compile(r"(?:^| )(?:any |all )?others?((?: [a-z]+)*)$")
_LATIN_OPEN = re.compile(r"(?:^| )(?:etc|et cetera|and so on|and so forth)((?: [a-z]+)*)$")
_LIST_NUMBER = re.compile(r"^(?:第?[0-9]+|[一二三四五六七八九十]+(?=其|法|等|有|相))")
_NUMERALS = frozenset("0123456789一二三四五六七八九十甲乙丙丁")
_LETTER = re.compile(r"(?<=[\u4e00-\u9fff])[a-z]$")
"""The letter behind 其他材料A."""
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|「[^「」]*」")


def catch_all(name: str) -> bool:
    """Whether a material's name says nothing of which paper is meant."""
    seen = _seen(name)
    without = _BRACKETED.sub(" ", seen)
    return any(_vague(text) for text in {seen, without} if _compact(text)) or not _compact(seen)


def only_vague(text: str) -> bool:
    """Whether a text is made of vague words only, as 根据有关法律法规规定 is."""
    name = _compact(_seen(text))
    return not name or _tails(name, _WORDS)[0]


def _seen(name: str) -> str:
    text = unicodedata.normalize("NFKC", name[:LONGEST]).casefold()
    text = unicodedata.normalize("NFKC", text.translate(_TRADITIONAL).translate(_LOOKALIKES))
    return "".join(one for one in text if unicodedata.category(one) not in {"Cf", "Mn", "Me", "Cc"})


def _compact(text: str) -> str:
    kept = "".join(one for one in text if one.isalnum())
    return _LETTER.sub("", _LIST_NUMBER.sub("", kept))


def _vague(text: str) -> bool:
    name = _compact(text)
    if not name:
        return False
    tails = _tails(name, _WORDS)
    if tails[0]:
        return True
    behind = _tails(name, _WORDS_AFTER_OTHER)
    for word in _OTHER:
        at = name.find(word)
        while at >= 0:
            if behind[at + len(word)]:
                return True
            at = name.find(word, at + 1)
    for at, one in enumerate(name):
        if one == "等" and at and name[at - 1] not in _GRADES and tails[at + 1]:
            return True
    return _latin(text)


def _latin(text: str) -> bool:
    words = " ".join(re.findall(r"[a-z]+", text))
    if not words:
        return False
    for pattern, known in ((_LATIN_END, _WORDS_AFTER_OTHER), (_LATIN_OPEN, _WORDS)):
        found = pattern.search(words)
        if found and all(word in known for word in found[1].split()):
            return True
    return False


def _tails(name: str, words: frozenset[str]) -> list[bool]:
    """For each place whether all from there on is made of ``words``; linear, never backtracking."""
    whole = [False] * len(name) + [True]
    for at in range(len(name) - 1, -1, -1):
        whole[at] = (whole[at + 1] and name[at] in _NUMERALS) or any(
            whole[at + length] and name[at : at + length] in words
            for length in range(1, min(_LONGEST_WORD, len(name) - at) + 1)
        )
    return whole


def _simplified(words: list[str]) -> frozenset[str]:
    return frozenset(word.translate(_TRADITIONAL) for word in words)


_LISTS: dict[str, list[str]] = tomllib.loads(
    files("catalog.services").joinpath("catch_all.toml").read_text(encoding="utf-8")
)
_OTHER = tuple(_LISTS["other"])
_WORDS = _simplified(_LISTS["vague"])
_WORDS_AFTER_OTHER = _WORDS | _simplified(_LISTS["after_other"])
NO_BASIS = frozenset(_LISTS["no_basis"])
"""What is written where there is no legal basis."""
_LONGEST_WORD = max(map(len, _WORDS_AFTER_OTHER))
