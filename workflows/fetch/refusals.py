"""Why something is not fetched: a code for programs, a sentence for people."""

from __future__ import annotations


class Refused(Exception):
    """`code` is one of the run's error types: invalid_input, forbidden_address, unreachable,
    not_html or timeout. `retryable`: whether trying later can help."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.retryable = code, message, retryable


def not_an_address() -> Refused:
    return Refused(
        "invalid_input", "That is not a web address. It should look like https://example.com/page."
    )


def forbidden(why: str) -> Refused:
    return Refused("forbidden_address", f"That address may not be read from here: {why}.")


def unreachable(why: str, *, retryable: bool = True) -> Refused:
    return Refused("unreachable", f"The page could not be read: {why}.", retryable=retryable)


def too_slow(seconds: float) -> Refused:
    return Refused(
        "timeout", f"The page did not answer within {seconds:g} seconds.", retryable=True
    )


def wrong_type(said: str) -> Refused:
    return Refused("not_html", f"That address holds no readable text, but {said}.")
