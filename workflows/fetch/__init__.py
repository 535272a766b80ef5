"""The guarded HTTP client: the only way out to addresses that people, pages or models name."""

from workflows.fetch.client import Fetched, Fetcher
from workflows.fetch.pages import Link, Page, page_of
from workflows.fetch.reading import Text, read
from workflows.fetch.refusals import Refused
from workflows.fetch.targets import Target, target

__all__ = [
    "Fetched",
    "Fetcher",
    "Link",
    "Page",
    "Refused",
    "Target",
    "Text",
    "page_of",
    "read",
    "target",
]
