"""Links in documents lead to files and headings that are there."""

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest
from documents import ROOT, documents, name_of, prose

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
PENDING: frozenset[str] = frozenset()
"""Documents under way; take out what has come."""
EACH = pytest.mark.parametrize("path", documents(), ids=name_of)


def anchor(heading: str) -> str:
    """The anchor that a forge makes of a heading: lower case, no punctuation, hyphens."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    kept = (c for c in plain if c in " -_" or unicodedata.category(c)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


@EACH
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, fragment = unquote(target).partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.is_relative_to(ROOT), target
        if name_of(aim) in PENDING and not aim.exists():
            continue
        assert aim.exists(), target
        if fragment:
            found = {anchor(heading) for heading in HEADING.findall(aim.read_text("utf-8"))}
            assert fragment in found, f"{target}: {sorted(found)}"


def test_a_lost_anchor_would_be_found() -> None:
    assert anchor("What to do when") == "what-to-do-when"
    assert anchor("`hub` and **others**, 一份") == "hub-and-others-一份"


def test_both_readmes_have_the_same_sections() -> None:
    chinese, english = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.en.md"))
    assert chinese.count("\n## ") == english.count("\n## ")
    links = [set(LINK.findall(text)) - {"README.md", "README.en.md"} for text in (chinese, english)]
    assert links[0] == links[1]


def test_the_licence_is_the_apache_licence_to_the_letter() -> None:
    text = (ROOT / "LICENSE").read_text("ascii")
    assert text.lstrip().startswith("Apache License\n                           Version 2.0")
    assert text.count("\n") == 202
    assert "END OF TERMS AND CONDITIONS" in text
