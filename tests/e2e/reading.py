"""A page of a run as its reader sees it, and what the page remembers of all that it showed."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.patience import patience

# Runs before anything else in each document, and remembers across reloads, for each tab alone.
# `had`: sections that have had text. Noted: one of them empty or away, at any moment that a script
# can see once the document is parsed; every kind of pill, every now-line, every stale section.
MEMORY = """
(() => {
  const seen = JSON.parse(sessionStorage.seen || '{"had":[],"lost":[],"pills":[],"said":[],' +
    '"stale":[],"loads":0}');
  seen.loads += 1;
  const note = (list, value) => { if (value && !list.includes(value)) list.push(value); };
  const look = () => {
    if (document.readyState === "loading") return;
    const there = new Map();
    for (const e of document.querySelectorAll("[data-section]")) {
      there.set(e.dataset.section, e.textContent);
      const dim = getComputedStyle(e).color !== getComputedStyle(document.body).color;
      if (e.dataset.stale && e.textContent && dim)
        note(seen.stale, e.dataset.section);
    }
    for (const number of seen.had) {
      if (!there.get(number)) seen.lost.push(`${number} in document ${seen.loads}`);
    }
    for (const [number, text] of there) if (text) note(seen.had, number);
    note(seen.pills, document.querySelector("[data-connection]")?.dataset.connection);
    note(seen.said, document.querySelector(".now-line")?.textContent);
    sessionStorage.seen = JSON.stringify(seen);
  };
  new MutationObserver(look).observe(document, {
    childList: true, subtree: true, characterData: true, attributes: true,
  });
  document.addEventListener("readystatechange", look);
})();
"""
# What the browser itself says about a connection that was cut.
OWN_LINES = ("WebSocket connection to",)


class Tab:
    """One tab on one run."""

    def __init__(self, context: BrowserContext, run: str) -> None:
        self.page: Page = context.new_page()
        self.page.add_init_script(MEMORY)
        self.path = f"/runs/{run}/"
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith(OWN_LINES):
            self.complaints.append(said.text)

    def open(self) -> Tab:
        self.page.goto(self.path)
        return self

    def reload(self) -> None:
        self.page.reload(wait_until="domcontentloaded")

    @property
    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate("JSON.parse(sessionStorage.seen)")
        return found

    def shows(self, connection: str, seconds: float = 30) -> None:
        """Wait until the pill says so."""
        pill, most = self.page.locator("[data-connection]"), patience(seconds * 1000)
        expect(pill).to_have_attribute("data-connection", connection, timeout=most)

    @property
    def length(self) -> int:
        return sum(map(len, self.texts))

    @property
    def status(self) -> str:
        return str(self.page.locator("[data-run]").get_attribute("data-status"))

    @property
    def texts(self) -> list[str]:
        """What stands in the sections, to the letter."""
        found = self.page.locator("[data-section]")
        return [str(text) for text in found.evaluate_all("all => all.map(e => e.textContent)")]

    @property
    def visible(self) -> list[str]:
        """The same as the browser lays it out."""
        found = self.page.locator("[data-section]")
        return [str(text) for text in found.evaluate_all("all => all.map(e => e.innerText)")]
