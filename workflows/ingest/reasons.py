"""Why a page is not read: a closed list of codes, and what people are told."""

from __future__ import annotations

from workflows.catalog.site import Why

SENTENCES: dict[Why, str] = {
    "robots": "The site asks programs not to read it (robots.txt).",
    "forbidden": "That address may not be read from here.",
    "missing": "There is no such page any more.",
    "unreachable": "It could not be reached.",
    "timeout": "It took too long to answer.",
    "login": "It asks its readers to sign in.",
    "javascript": "It shows its text only with JavaScript.",
    "empty": "It has no text to read.",
    "not_html": "It is no page of text.",
    "too_large": "It is too large.",
    "duplicate": "It says nearly the same as another page.",
    "pattern": "There are many pages like it: others were read first.",
    "depth": "Its address goes deeper than pages for people do.",
    "other_site": "It belongs to another site.",
    "left_out": "You left it out.",
    "limit": "Enough pages were read before its turn came.",
    "stopped": "The reading was stopped before its turn came.",
    "deadline": "The time for this site was over before its turn came.",
    "budget": "The budget was used before its turn came.",
    "invalid": "No usable answer came from the model.",
    "provider": "No model was there to read it.",
}
_OF_TYPE: dict[str, Why] = {
    "invalid_input": "forbidden",
    "forbidden_address": "forbidden",
    "robots_denied": "robots",
    "not_html": "not_html",
    "empty_page": "empty",
    "timeout": "timeout",
}


def why_of(code: str, message: str) -> Why:
    """The reason for what the guarded fetch refused."""
    if code == "unreachable" and "too large" in message:
        return "too_large"
    if code == "unreachable" and any(f"says {status}" in message for status in (401, 403, 407)):
        return "login"
    if code == "unreachable" and any(f"says {status}." in message for status in (404, 410)):
        return "missing"
    return _OF_TYPE.get(code, "unreachable")
