"""Screenshots of where one is, wide and as on a telephone."""

from pathlib import Path

from playwright.sync_api import Page, ViewportSize

NARROW: ViewportSize = {"width": 390, "height": 800}
NARROWEST: ViewportSize = {"width": 360, "height": 800}
WIDE: ViewportSize = {"width": 1280, "height": 860}


class Shots:
    """Screenshots of where one is, numbered; wide, and one as on a telephone."""

    def __init__(self, folder: Path, narrow: ViewportSize = NARROW) -> None:
        self._folder = folder
        self._narrow = narrow
        self._count = 0

    def take(self, page: Page, name: str) -> None:
        self._count += 1
        page.screenshot(path=self._folder / f"{self._count:02}-{name}.png", full_page=True)
        page.set_viewport_size(self._narrow)
        page.screenshot(path=self._folder / f"{self._count:02}-{name}-narrow.png", full_page=True)
        for element in page.locator("main > *, main .card > *, main > section > *").all():
            inner = element.bounding_box()
            assert inner is None or inner["x"] + inner["width"] <= self._narrow["width"] + 1, name
        page.set_viewport_size(WIDE)
