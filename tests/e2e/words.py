"""What stands in the fields of a scene: words of people, or of somebody who means harm."""

from __future__ import annotations

from dataclasses import dataclass

from tests.payloads import MARKDOWN


@dataclass(frozen=True)
class Words:
    topic: str
    notes: str
    title: str
    description: str
    headings: tuple[str, ...]
    text: str
    quotes: tuple[str, ...]
    message: str
    error: str
    label: str
    name: str


TEXT = """The mill at Eling stands on a causeway, and the *tide* fills its pond twice a day [c1].

- Wheels turn for about five hours after each high water.
- The miller's day moves by fifty minutes, as the **moon** does [c1, c2].

> Nobody who works by the tide keeps the hours of a town.

| Mill | Since | Power |
|------|------:|-------|
| Eling | 1086 | tide |
| Woodbridge | 1170 | tide |

See [the trust](https://example.org/mills) and `open_sluice(level)`:

```
level = tide.at(now)
print("the sluice is open", level, "mill", "Eling", "since", 1086, "wheels", 2, "moon", "full", 1)
```
"""

PLAIN = Words(
    topic="How tidal mills worked, and what they can teach us",
    notes="A tidal mill keeps the flood behind a dam. " * 12,
    title="What the tide ground: two mills that still keep the moon's hours",
    description="Two mills on the English coast, and what their hours say about power.",
    headings=("Water that comes twice a day", "The miller's hours", "What is left of them", "Now"),
    text=TEXT,
    quotes=(
        "A tidal mill keeps the flood behind a dam and lets it out when the sea has fallen.",
        "The miller's day moved by fifty minutes every day.",
        "https://example.org/mills/eling",
        *[
            f"Wheel {n} turned for five hours after each high water of that year."
            for n in range(12)
        ],
    ),
    message="Reading your notes",
    error="The provider is throttling: too many requests for this minute.",
    label="Water that comes twice a day",
    name="Nightly report",
)

ALL = "\n\n".join(MARKDOWN)
SHORT = " ".join(MARKDOWN[:3])
HOSTILE = Words(
    topic=ALL.replace("\0", "")[:2000],
    notes=ALL.replace("\0", ""),
    title=SHORT,
    description=" ".join(MARKDOWN[3:9]),
    headings=tuple(one.replace("\0", "") for one in MARKDOWN),
    text=f"{ALL}\n\n[c1] [c2]\n".replace("\0", ""),
    quotes=tuple(one.replace("\0", "") for one in MARKDOWN),
    message=ALL.replace("\0", ""),
    error=ALL.replace("\0", ""),
    label=SHORT,
    name=MARKDOWN[0],
)
