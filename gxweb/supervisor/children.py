"""What runs beside Valkey: web, worker and control, and what each may know."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gxweb.supervisor import leftovers, ports
from gxweb.supervisor.child import Command

# Larger than a frame of ours could ever be, and far smaller than uvicorn's 16 MB.
WEBSOCKET_BYTES = "65536"
WEB_GRACE_S = 20
# A worker needs neither, so whoever breaks into one finds neither.
NOT_FOR_WORKERS = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY", "EMAIL_URL"}


@dataclass(frozen=True)
class Site:
    """What all children agree on."""

    root: Path
    var: Path
    port: int
    redis_url: str
    public_url: str
    drain_s: float

    def run_env(self) -> dict[str, str]:
        """What a command beside us must know to be one of us."""
        found = {"REDIS_URL": self.redis_url, "PUBLIC_URL": self.public_url, "PORT": str(self.port)}
        broker = os.environ.get("GX_BROKER_URL")
        return found | ({"GX_BROKER_URL": broker} if broker else {})

    def environment(self) -> dict[str, str]:
        ours = {"VAR": str(self.var), "PYTHONUNBUFFERED": "1"}
        return dict(os.environ) | self.run_env() | ours | leftovers.mark(self.var)


def commands(site: Site) -> list[Command]:
    """In the order in which they start."""
    env = site.environment()
    manage = str(site.root / "manage.py")
    return [
        Command("control", (sys.executable, manage, "control"), env, site.root),
        Command(
            "worker",
            (sys.executable, "-m", "workflows.worker"),
            without(env, NOT_FOR_WORKERS),
            site.root,
            grace_s=site.drain_s + 5,
        ),
        Command(
            "web",
            (sys.executable, "-m", "uvicorn", *_web(site)),
            env,
            site.root,
            grace_s=WEB_GRACE_S + 5,
        ),
    ]


def sample(site: Site) -> Command:
    """Makes what the first page shows to those who have no account, if it is not there yet."""
    manage = str(site.root / "manage.py")
    return Command("sample", (sys.executable, manage, "sample"), site.environment(), site.root)


def _web(site: Site) -> list[str]:
    options = {
        "host": ports.HOST,
        "port": str(site.port),
        "ws": "gxweb.sockets:Socket",
        "ws-max-size": WEBSOCKET_BYTES,
        "ws-ping-interval": "20",
        "timeout-graceful-shutdown": str(WEB_GRACE_S),
        "log-level": "warning",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["gxweb.asgi:application", *words, "--no-server-header"]


def without(env: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in names}
