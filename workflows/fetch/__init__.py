"""The guarded HTTP client: the only way out to addresses that people, pages or models name."""

from workflows.fetch.client import Fetched, Fetcher
from workflows.fetch.reading import Text, read
from workflows.fetch.refusals import Refused
from workflows.fetch.targets import Target, target

__all__ = ["Fetched", "Fetcher", "Refused", "Target", "Text", "read", "target"]
