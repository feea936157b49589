"""A real browser without JavaScript, and people who are signed in with it."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, Protocol

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

from world.shots import WIDE
from world.town import PASSWORD

P = ParamSpec("P")

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PLACES = (
    Path("/usr/lib/chromium/chromium-headless-shell"),
    Path("/usr/lib/chromium-headless-shell/chromium-headless-shell"),
    Path("/usr/lib/chromium/chromium"),
)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Reached(Protocol):
    """A hub that a browser reaches; the fixture ``served``."""

    @property
    def address(self) -> str:
        """Its origin."""


def chromium() -> str | None:
    """The browser of this machine: Debian's, or another by name."""
    named = (shutil.which(name) for name in NAMES)
    lying = (str(path) for path in PLACES if os.access(path, os.X_OK))
    return next((path for path in (*named, *lying) if path), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("YIFEN_REQUIRE") == "all":
            pytest.fail("required: no chromium on this machine")
        pytest.skip("no chromium on this machine: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        with pytest.MonkeyPatch.context() as patch:
            for kind in (Page, Locator):
                patch.setattr(kind, "click", _to_the_end(kind.click))
            yield opened
        opened.close()


@pytest.fixture
def enter(browser: Browser, served: Reached) -> Iterator[Callable[[str, str], Page]]:
    """Sign somebody in, in a language; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def sign_in(account: str, language: str = "zh") -> Page:
        context = browser.new_context(java_script_enabled=False, viewport=WIDE)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: complaints.extend(_told(message.text)))
        page.on("requestfailed", lambda request: complaints.extend(_failed(request)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(served.address) else complaints.append(request.url)
            ),
        )
        page.goto(f"{served.address}/sign-in")
        if language == "en":
            page.click("text=English")
        page.fill("#account", account)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{served.address}/")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    # A favicon by data: is the one address that is not of the hub.
    assert [text for text in complaints if not text.startswith("data:")] == []


def _to_the_end(click: Callable[P, None]) -> Callable[P, None]:
    """A click that is over when the page that it leads to has come whole.

    The browser's own ends with the first byte of the next page. Whoever then counts what stands on
    it counts what has come so far, which on a busy machine is nothing.
    """

    @functools.wraps(click)
    def clicked(*given: P.args, **options: P.kwargs) -> None:
        click(*given, **options)
        where = given[0]
        page = where.page if isinstance(where, Locator) else where
        assert isinstance(page, Page)
        page.wait_for_load_state()

    return clicked


def _told(text: str) -> list[str]:
    """What the browser tells; that a form came back with its faults (422) is as it should be."""
    return [] if "status of 422" in text else [text]


def _failed(request: Request) -> list[str]:
    """The address of a request that failed; one that a click overtook did not."""
    return [] if request.failure == "net::ERR_ABORTED" else [request.url]
