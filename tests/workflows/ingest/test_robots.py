"""RFC 9309, and how long we wait."""

import pytest

from workflows.fetch import Fetched
from workflows.ingest.robots import LONGEST_DELAY_S, Rules, rules_of, unknown

URL = "https://acme.example"


def answer(body: str | bytes, status: int = 200) -> Fetched:
    return Fetched(
        f"{URL}/robots.txt", status, {}, body.encode() if isinstance(body, str) else body
    )


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /x", "/x/y", False),
        ("User-agent: *\nDisallow: /x\nAllow: /x/y", "/x/y", True),
        ("User-agent: gxweb\nDisallow: /\n\nUser-agent: *\nAllow: /", "/", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: GXWEB\nDisallow:", "/", True),
        ("User-agent: *\nDisallow: /*.php$", "/a.php", False),
        ("User-agent: *\nDisallow: /*.php$", "/a.php?x=1", True),
        ("\ufeffUser-agent: *\r\nDisallow: /x # why", "/x", False),
        ("", "/", True),
        ("<html>what?</html>", "/", True),
        ("User-agent: *\nDisallow: /" + "\n#" + "x" * 600_000, "/", False),
        ("#" + "x" * 600_000 + "\nUser-agent: *\nDisallow: /", "/", True),
    ],
)
def test_rules(rules: str, path: str, allowed: bool) -> None:
    assert rules_of(answer(rules)).allows(URL + path) is allowed


@pytest.mark.parametrize(
    ("status", "allowed"), [(404, True), (403, True), (410, True), (500, False), (503, False),
                            (429, False)],
)  # fmt: skip
def test_without_an_answer(status: int, allowed: bool) -> None:
    assert rules_of(answer("", status)).allows(f"{URL}/") is allowed


def test_nobody_may_read_what_cannot_be_known() -> None:
    assert not unknown("it broke off").allows(f"{URL}/")


@pytest.mark.parametrize(
    ("said", "delay"),
    [("Crawl-delay: 3", 3.0), ("Crawl-delay: 3600", LONGEST_DELAY_S), ("Crawl-delay: -1", 0.0),
     ("Crawl-delay: soon", 0.0), ("Request-rate: 1/5", 5.0), ("", 0.0)],
)  # fmt: skip
def test_delays_are_honoured_and_capped(said: str, delay: float) -> None:
    assert Rules(f"User-agent: *\n{said}").delay_s == delay


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert rules_of(answer(bytes(range(256)) * 100)).allows(f"{URL}/")
