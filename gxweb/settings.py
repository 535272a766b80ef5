"""Settings: read from the environment once, checked at once, refused by name when wrong."""

import os
import re
import sys
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from gxweb import environment
from workflows.wire import reports
from workflows.wire.settings import BadSetting
from workflows.wire.settings import Settings as WireSettings

T = TypeVar("T")

environment.load()
env = environ.Env()
BASE_DIR = environment.ROOT
VAR = environment.var()


def refuse(name: str, why: object) -> NoReturn:
    """One clear line instead of a stack trace: the reader has a value to correct, not code."""
    sys.exit(f"gxweb: {name}: {why}")


def read(name: str, parse: Callable[..., T], default: object) -> T:
    """The value of a variable; an empty one counts as not set."""
    if not os.environ.get(name):
        os.environ.pop(name, None)
    try:
        return parse(name, default=default)
    except Exception as error:  # noqa: BLE001 - each parser raises what it likes
        refuse(name, f"{error} (it is {os.environ.get(name)!r})")


def read_flag(name: str, default: bool) -> bool:
    value = read(name, env.str, "1" if default else "0").strip().lower()
    if value not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        refuse(name, f"should be 1 or 0 (it is {value!r})")
    return value in {"1", "true", "yes", "on"}


def read_origin(name: str, value: str) -> str:
    """`scheme://host[:port]`, without anything after it."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        refuse(name, f"{error} (it is {value!r})")
    plain = parts.scheme in {"http", "https"} and host and parts.path in {"", "/"}
    if not plain or parts.query or parts.fragment or parts.username or port == 0:
        refuse(name, f"should be http(s)://host[:port] (it is {value!r})")
    return f"{parts.scheme}://{parts.netloc}".lower()


# --- Where we are -----------------------------------------------------------------------------

DEBUG = read_flag("DEBUG", False)
PORT = read("PORT", env.int, 8000)
if not 0 < PORT < 65536:
    refuse("PORT", f"should be from 1 to 65535 (it is {PORT})")
PUBLIC_URL = read_origin("PUBLIC_URL", read("PUBLIC_URL", env.str, f"http://127.0.0.1:{PORT}"))
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
SECURE = PUBLIC_URL.startswith("https://")
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]

ALLOWED_HOSTS: list[str] = read("ALLOWED_HOSTS", env.list, [])
if not ALLOWED_HOSTS:
    own = f"[{PUBLIC_HOST}]" if ":" in PUBLIC_HOST else PUBLIC_HOST
    # Health checks come by loopback whatever the public name is.
    ALLOWED_HOSTS = list(dict.fromkeys([own, *LOOPBACK]))
CSRF_TRUSTED_ORIGINS = [
    PUBLIC_URL,
    *(
        read_origin("CSRF_TRUSTED_ORIGINS", o)
        for o in read("CSRF_TRUSTED_ORIGINS", env.list, list[str]())
    ),
]

try:
    GX = WireSettings.from_env(os.environ)
except BadSetting as error:
    refuse(error.name, error.why)

# --- Secrets ----------------------------------------------------------------------------------


def find_secret_key() -> str:
    """Given, or made by an earlier start, or made now: never where DEBUG=0 is said aloud."""
    given = read("SECRET_KEY", env.str, "") or environment.secret_key()
    if given:
        return given
    if "DEBUG" in os.environ and not DEBUG:
        refuse("SECRET_KEY", "is required when DEBUG=0")
    try:
        return environment.make_secret_key()
    except OSError as error:
        refuse("VAR", f"cannot keep a SECRET_KEY there: {error}")


SECRET_KEY = find_secret_key()

# --- Parts ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "template_partials",
    "gxweb",
    "gxweb.accounts",
    "gxweb.notices",
    "gxweb.posts",
    "gxweb.telemetry",
    "gxweb.sites",
    "runs",
]
MIDDLEWARE = [
    "runs.api.problems.middleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "gxweb.errors.Refusals",
    "gxweb.accounts.door.middleware",
]
ROOT_URLCONF = "gxweb.urls"
ASGI_APPLICATION = "gxweb.asgi.application"
WSGI_APPLICATION = "gxweb.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gxweb.notices.header.context",
            ],
        },
    },
]
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "gxweb.static.Stamped"},
}
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
# The API cannot be appended a slash to, and pages are linked with theirs.
APPEND_SLASH = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:login"

# --- SQL --------------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # A deferred transaction that turns into a writer fails at once instead of waiting its turn.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL",
}
POSTGRES_OPTIONS = {"pool": {"min_size": 1, "max_size": 20, "timeout": 10}}


def find_database() -> dict[str, Any]:
    url = read("DATABASE_URL", env.str, "") or f"sqlite:///{VAR / 'db.sqlite3'}"
    if not url.startswith(("sqlite://", "postgres://", "postgresql://")):
        refuse("DATABASE_URL", "should start with sqlite:// or postgres://")
    try:
        urlsplit(url).port  # noqa: B018 - reading it is what checks it
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception as error:  # noqa: BLE001 - its errors are no family
        refuse("DATABASE_URL", error)
    sqlite = "sqlite" in config["ENGINE"]
    ours = SQLITE_OPTIONS if sqlite else POSTGRES_OPTIONS
    config["OPTIONS"] = {**ours, **config.get("OPTIONS", {})}
    # The pool keeps connections; a request that kept its own would empty it.
    config["CONN_MAX_AGE"] = 0
    config["CONN_HEALTH_CHECKS"] = True
    if sqlite:
        # A file, since threads and processes of a test share it; one per process, since suites may
        # run side by side.
        name = f"gxweb-test-{os.getpid()}.sqlite3"
        config["TEST"] = {"NAME": os.path.join(tempfile.gettempdir(), name)}
    return config


DATABASES = {"default": find_database()}

# --- Redis ------------------------------------------------------------------------------------

CHANNEL_LAYERS = {
    "default": {
        # Nudges only, never run data. redis-py's default time-out of 5 s would end a silent socket.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [{"address": GX.redis_url, "socket_timeout": 15}],
            "prefix": "gx:channels",
        },
    },
}

# --- Mail and logs ----------------------------------------------------------------------------


def find_email() -> dict[str, Any]:
    url = read("EMAIL_URL", env.str, "consolemail://")
    try:
        config: dict[str, Any] = environ.Env.email_url_config(url)
    except Exception as error:  # noqa: BLE001 - an unknown scheme is a KeyError
        refuse("EMAIL_URL", f"{error} is not a known kind of mail address")
    return config


vars().update(find_email())
EMAIL_TIMEOUT = 10  # a mail server that does not answer is asked again later
DEFAULT_FROM_EMAIL = f"gxweb@{PUBLIC_HOST}"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # Every 404 as a warning says nothing that the access log does not say.
        "django.request": {"level": "ERROR"},
    },
}

# --- What operators hear ----------------------------------------------------------------------


try:
    reports.begin(os.environ)
except BadSetting as error:
    refuse(error.name, error.why)


def find_collector() -> str:
    url = str(read("OTEL_EXPORTER_OTLP_ENDPOINT", env.str, "")).rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", url):
        refuse(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"should be http(s)://host[:port][/path] (it is {url!r})"
        )
    return url


OTLP_ENDPOINT = find_collector()
METRICS_TOKEN = read("GX_METRICS_TOKEN", env.str, "")

# --- Locks ------------------------------------------------------------------------------------

SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE
# Health checks come by plain http from the machine itself.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
if SECURE:
    # TLS ends at the proxy in front; it must set or drop this header, as docker/README.md says.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
