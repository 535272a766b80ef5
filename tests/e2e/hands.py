"""How a person works a page: by pointing at what can be seen, or by keys alone."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Locator, Page, expect

# Where the focus is, and whether it can be seen there.
FOCUS = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && !/, 0\\)$/.test(style.outlineColor) && at.getClientRects().length > 0;
  const name = `${at.tagName} ${at.id || at.name || at.innerText?.slice(0, 40) || ""}`.trim();
  return [name, seen || at === document.body || at.id === "content"];
}"""
STOPS = 80  # more than any page has


class Hands(Protocol):
    page: Page

    def press(self, what: Locator) -> None: ...
    def write(self, where: Locator, words: str) -> None: ...
    def choose(self, where: Locator, words: str) -> None: ...


class Mouse:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, where: Locator, words: str) -> None:
        where.fill(words)

    def choose(self, where: Locator, words: str) -> None:
        where.select_option(label=words)


class Keys:
    """Tab, Enter and what is typed. It holds every stop on its way to account."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        self.reach(what)
        self.page.keyboard.press("Enter")

    def write(self, where: Locator, words: str) -> None:
        self.reach(where)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(words) if words else self.page.keyboard.press("Delete")

    def choose(self, where: Locator, words: str) -> None:
        self.reach(where)
        self.page.keyboard.type(words)
        expect(where.locator("option:checked")).to_have_text(words)

    def reach(self, what: Locator) -> None:
        expect(what).to_be_visible()
        stops: list[str] = []
        while not what.evaluate("e => e === document.activeElement"):
            self.page.keyboard.press("Tab")
            name, seen = self.page.evaluate(FOCUS)
            assert seen, f"the focus cannot be seen on {name}, {self.page.url}"
            stops.append(name)
            assert len(stops) < STOPS, f"{what} is not to be reached: {stops}"

    def round(self) -> list[str]:
        """Every stop of the page, from its beginning until it begins again."""
        self.page.evaluate("document.activeElement.blur()")
        self.page.locator("body").press("Tab")
        stops: list[str] = []
        first = self.page.evaluate(FOCUS)[0]
        while len(stops) < STOPS * 3:
            name, seen = self.page.evaluate(FOCUS)
            assert seen, f"the focus cannot be seen on {name}, {self.page.url}"
            stops.append(name)
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUS)[0] in {first, "BODY"}:
                return stops
        raise AssertionError(f"a trap: {stops[-5:]}")
