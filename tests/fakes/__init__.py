"""Fakes of the outside world, and the oracle that judges what our processes did to it."""

from tests.fakes.handle import Provider

__all__ = ["Provider"]
