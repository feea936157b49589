"""The auditor's browser: the console's own pages, as somebody at a desk would use them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus

import httpx2 as httpx

from catalog.messages import Language
from hub.errors import Unavailable

_SECONDS = 30.0


@dataclass(slots=True)
class Page:
    """A page as it was shown."""

    status: int
    text: str = ""
    form_token: str = ""
    rows: list[list[str]] = field(default_factory=list)
    good: str = ""

    @property
    def positions(self) -> list[int]:
        """The entries that a search has found, newest first."""
        return [int(row[0].replace(",", "")) for row in self.rows]


class Browser:
    """A signed-in person's browser; raises ``Unavailable`` if the hub does not answer."""

    def __init__(self, address: str, language: Language) -> None:
        self._client = httpx.Client(base_url=address, trust_env=False, timeout=_SECONDS)
        self._language = f"yifen-language={language}"
        self._cookie = ""
        self._token = ""

    def sign_in(self, account: str, password: str) -> bool:
        """Sign in by the form; says whether it was accepted."""
        fields = {"account": account, "password": password, "next": "/"}
        response = self._request("POST", "/sign-in", fields)
        # Kept by hand: the cookie is for secure connections, and browsers count loopback as one.
        self._cookie = response.headers.get("set-cookie", "").partition(";")[0]
        return response.status_code == HTTPStatus.SEE_OTHER

    def get(self, path: str) -> Page:
        """Open a page."""
        return self._read(self._request("GET", path))

    def send(self, path: str, fields: Mapping[str, str]) -> Page:
        """Send the form of the page that was opened last."""
        filled = {**fields, "form": self._token}
        return self._read(self._request("POST", path, filled))

    def close(self) -> None:
        """Close the browser."""
        self._client.close()

    def _request(
        self, method: str, path: str, fields: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            return self._client.request(method, path, data=fields, headers=self._headers())
        except httpx.HTTPError as error:
            raise Unavailable(why="no-answer") from error

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(cookie for cookie in (self._cookie, self._language) if cookie)
        return {"cookie": cookies, "sec-fetch-site": "same-origin"}

    def _read(self, response: httpx.Response) -> Page:
        reader = _Reader(Page(response.status_code))
        reader.feed(response.text)
        reader.page.text = " ".join(reader.words)
        self._token = reader.page.form_token or self._token
        return reader.page


class _Reader(HTMLParser):
    """Takes a page apart: its words, the rows of the log's table, and a notice that all is well."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.words: list[str] = []
        self._in_log = False
        self._in_good = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        given = {name: value or "" for name, value in attrs}
        names = given.get("class", "").split()
        if tag == "input" and given.get("name") == "form":
            self.page.form_token = given.get("value", "")
        elif tag == "table":
            self._in_log = "log" in names
        elif tag == "tr" and self._in_log:
            self.page.rows.append([])
        elif tag in {"td", "th"} and self._in_log:
            self.page.rows[-1].append("")
        elif tag == "div" and "notice-good" in names:
            self._in_good = True

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag == "table":
            self._in_log = False
        elif tag == "thead" and self._in_log:
            self.page.rows.clear()
        elif tag == "div":
            self._in_good = False

    def handle_data(self, data: str) -> None:
        """Text within an element."""
        text = data.strip()
        if not text:
            return
        self.words.append(text)
        if self._in_log and self.page.rows and self.page.rows[-1]:
            self.page.rows[-1][-1] += text
        if self._in_good:
            self.page.good += text
