"""A sheet as a page of HTML for printing: nothing is loaded from anywhere, and nothing runs."""

from collections.abc import Iterator
from html import escape

from catalog.messages import Language, text
from connectors.cases.words import Section, Sheet

_STYLE = (
    "body{font:12pt/1.5 serif;margin:2cm}h1{font-size:16pt}h2{font-size:13pt}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #000;padding:2pt 4pt;"
    "text-align:left;vertical-align:top}.why{font-size:10pt}tr{page-break-inside:avoid}"
)


def page(sheet: Sheet, language: Language) -> bytes:
    """The sheet as one page, UTF-8."""
    told = escape("zh-CN" if language == "zh" else language)
    body = [f"<h1>{escape(sheet.title)}</h1>"]
    body += [f"<p>{escape(line)}</p>" for line in sheet.services]
    for section in sheet.sections:
        body += _section(section, language)
    return (
        f'<!DOCTYPE html>\n<html lang="{told}">\n<head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(sheet.title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body>\n</html>\n"
    ).encode()


def _section(section: Section, language: Language) -> Iterator[str]:
    yield f"<h2>{escape(section.title)}</h2>"
    headings = (escape(text(key, language)) for key in section.headings)
    yield "<table><tr>" + "".join(f"<th>{one}</th>" for one in headings) + "</tr>"
    for row in section.rows:
        cells = "".join(f"<td>{escape(one)}</td>" for one in (row.title, *row.cells))
        yield f"<tr>{cells}</tr>"
        if row.lines:
            lines = "<br>".join(map(escape, row.lines))
            yield f'<tr><td class="why" colspan="{len(section.headings)}">{lines}</td></tr>'
    yield "</table>"
