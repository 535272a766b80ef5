"""Name → workflow function: what this installation's workers can run."""

from __future__ import annotations

from typing import Any

from workflows.blog.flow import write_blog
from workflows.engine import Workflow
from workflows.ingest.flow import read_site

REGISTRY: dict[str, Workflow[[Any], Any]] = {flow.name: flow for flow in (write_blog, read_site)}
