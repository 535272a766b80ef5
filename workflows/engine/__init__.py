"""What a flow is written with: components, their boundaries, and what they say while they run."""

from workflows.engine.budget import Left
from workflows.engine.component import Component, Workflow, component, workflow
from workflows.engine.context import Channel, Scope, budget, current, log, publish, status, text
from workflows.engine.errors import Failure, LeaseLost
from workflows.engine.gather import gather
from workflows.engine.people import Signal, Signals, ask, rehearsed, signals, sleep
from workflows.engine.retry import Retry, exponential
from workflows.engine.streaming import Streaming

__all__ = [
    "Channel",
    "Component",
    "Failure",
    "LeaseLost",
    "Left",
    "Retry",
    "Scope",
    "Signal",
    "Signals",
    "Streaming",
    "Workflow",
    "ask",
    "budget",
    "component",
    "current",
    "exponential",
    "gather",
    "log",
    "publish",
    "rehearsed",
    "signals",
    "sleep",
    "status",
    "text",
    "workflow",
]
