"""What axe says about a page, and a picture of it for people.

SCREENSHOTS=folder in the environment keeps pictures of every page that a test looks at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
GRAVE = ("serious", "critical")
SIZES = ((1280, 800), (360, 740))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RUN = """async ([rules]) => {
  const only = rules ? {runOnly: {type: "rule", values: rules}} : {};
  const found = await axe.run(document, {resultTypes: ["violations"], ...only});
  return found.violations.map((one) => [one.impact, one.id, one.nodes.map((n) =>
    `${n.target.join(" ")}: ${n.failureSummary.split("\\n").slice(1, 3).join(" ")}`)]);
}"""


def graves(page: Page, rules: Iterable[str] = ()) -> list[str]:
    """What is serious or critical, a line each. `rules`: names of those to look for; all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(RUN, [list(rules) or None])
    return [f"{rule} ({impact}) {nodes[:3]}" for impact, rule, nodes in found if impact in GRAVE]


def looked_at(page: Page, name: str) -> list[str]:
    """The same for wide and narrow, light and dark; and whether it is wider than the screen."""
    wrong = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            # Without motion a colour is what it will be, at once.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            rules = () if scheme == "light" else ("color-contrast",)
            wrong += [f"{name}, {width} {scheme}: {line}" for line in graves(page, rules)]
            keep(page, f"{name}, {width} {scheme}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{name} is wider than {width}")
    return wrong


def told(wrong: list[str]) -> str:
    return "\n".join(wrong)


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        path = Path(folder) / f"{name.replace('/', '-')}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
