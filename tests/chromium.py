"""The system's Chromium: what browser tests drive."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Its path; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def arguments() -> list[str]:
    """As root its sandbox refuses to start; containers have a small /dev/shm."""
    return ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.getuid() == 0 else [])]
