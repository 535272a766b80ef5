"""The child that takes a page apart: HTML on its input, JSON with title and text on its output.

python -m workflows.fetch.extraction [charset]
"""

from __future__ import annotations

import json
import resource
import sys

MEMORY = 1024 * 1024 * 1024  # bytes of address space
SECONDS = 15
# What readers do not see is not said to them, and must not be said to a model either.
HIDDEN = (
    "//*[@hidden or @aria-hidden='true' or contains(translate(@style,' ',''),'display:none')"
    " or contains(translate(@style,' ',''),'visibility:hidden')"
    " or contains(translate(@style,' ',''),'font-size:0')] | //comment() | //template"
)


def main(charset: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    json.dump(extracted(sys.stdin.buffer.read(), charset), sys.stdout)


def extracted(body: bytes, charset: str = "") -> dict[str, str]:
    """The main text of a page, and its title; both may be empty."""
    import trafilatura  # noqa: PLC0415 - only this child pays for it

    tree = trafilatura.load_html(body.decode(charset, "replace") if charset else body)
    if tree is None:
        return {"title": "", "text": ""}
    for node in tree.xpath(HIDDEN):
        if node.getparent() is not None:
            node.drop_tree()
    title = tree.findtext(".//title") or ""
    found = trafilatura.extract(
        tree, output_format="txt", include_comments=False, include_tables=True, favor_recall=True
    )
    # One line is one paragraph there.
    return {"title": title, "text": "\n\n".join((found or "").splitlines())}


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
