"""Blocks of Markdown of 8 KB, each one open to its end: what costs a growing page most."""

PROSE = "The **quick** brown `fox` tells [c3] a _long_ story & more, "
LONG = {
    "paragraph": "".join(f"{PROSE} and so on {n}.\n" for n in range(110)),
    "list": "".join(f"- {n} {PROSE}\n" for n in range(130)),
    "nested list": "".join(f"{'  ' * (n % 4)}- {n} {PROSE}\n" for n in range(130)),
    "loose list": "".join(f"{n}. {PROSE}\n\n   {PROSE}\n\n" for n in range(1, 65)),
    "table": "| a | b |\n|---|---|\n" + "".join(f"| {n} {PROSE} | {PROSE} |\n" for n in range(62)),
    "code": "```py\n" + "".join(f"if {n} < x: print('{PROSE}')\n" for n in range(105)),
    "quote": "".join(f"> {PROSE} {n}\n" for n in range(130)),
}
