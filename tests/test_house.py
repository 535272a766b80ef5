"""The house rules that a tool can check: sizes, mirrors, documents that must be complete."""

import ast
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeGuard, get_args

import pytest
from hypothesis import HealthCheck, settings

from tests import order
from workflows.llm import deadlines
from workflows.wire import events
from workflows.wire.settings import Settings, env_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gxweb", "runs", "workflows")
FILE_LINES, FUNCTION_LINES, ROOT_ENTRIES = 300, 50, 16
NAMELESS = {"utils", "helpers", "common", "manager", "base", "misc"}
# Our own settings, wherever they are read: the site's, the wire's and the door's.
READ = re.compile(
    r'read(?:_flag|_origin)?\("([A-Z_]+)"|environ\.get\("([A-Z_]+)"|environ\["([A-Z_]+)"'
)
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "MAKELEVEL", "GX_SUPERVISED"}
HIDE_DJANGO = """
import importlib, pkgutil, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"django", "channels", "channels_redis", "django_htmx"}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Hidden())
import workflows
for module in pkgutil.walk_packages(workflows.__path__, "workflows."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_too_long() -> None:
    long = {named(path): path.read_text().count("\n") for path in sources(*PACKAGES)}
    long.pop("gxweb/settings.py")
    assert {name: lines for name, lines in long.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{named(path)}:{node.name}": length(node)
        for path in sources(*PACKAGES)
        for node in functions(path)
    }
    assert {name: lines for name, lines in long.items() if lines > FUNCTION_LINES} == {}


def test_every_file_opens_with_its_one_idea() -> None:
    trees = {path: ast.parse(path.read_text()) for path in sources(*PACKAGES, "tests")}
    silent = [path for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)]
    assert [named(path) for path in silent] == []


def test_no_file_is_called_what_could_be_anything() -> None:
    parts = {part for path in sources(*PACKAGES, "tests") for part in Path(named(path)).parts}
    assert {part.removesuffix(".py") for part in parts} & NAMELESS == set()


def test_the_root_can_be_read_at_a_glance() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    entries = {line.split("/")[0] for line in listed.splitlines()}
    assert len([entry for entry in entries if not entry.startswith(".")]) <= ROOT_ENTRIES


def test_nothing_is_left_unfinished() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    found = [named(p) for p in sources(*PACKAGES) if words.search(p.read_text())]
    assert found == []


def test_every_test_asserts() -> None:
    checks = re.compile(r"'(raises|warns|fail|expect|check\w*|assert\w*)'|Assert\(")
    silent = [
        f"{named(path)}:{node.name}"
        for path in sources("tests")
        for node in functions(path)
        if node.name.startswith("test_") and not checks.search(ast.dump(node))
    ]
    assert silent == []


def settings_read() -> set[str]:
    """By the whole code, plus those that are built from field names."""
    found = {
        next(filter(None, match))
        for path in sources(*PACKAGES)
        for match in READ.findall(path.read_text())
    }
    built = {env_name(field.name) for field in fields(Settings)} | set(deadlines.ENV.values())
    return (found | built) - NOT_OURS


def test_every_setting_stands_in_the_readme() -> None:
    documented = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "README.md").read_text()))
    assert settings_read() - documented == set()


def test_the_readme_tells_the_defaults_of_the_wire() -> None:
    text = (ROOT / "README.md").read_text()
    defaults = {f.name: float(f.default) for f in fields(Settings) if _is_number(f.default)}
    assert {name: _default(text, env_name(name)) for name in defaults} == defaults


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float)


def _default(readme: str, name: str) -> float | None:
    """From the table's second column, or from the list of what is not acted on yet."""
    found = re.search(rf"`{name}` (?:\| |\()([\d.]+)", readme)
    return float(found[1]) if found else None


def test_every_event_kind_stands_in_the_protocol() -> None:
    protocol = (ROOT / "workflows/wire/README.md").read_text()
    kinds = {body.kind for body in get_args(events.Body) if isinstance(body.kind, str)}
    assert len(kinds) == 17
    assert {kind for kind in kinds if f"| `{kind}`" not in protocol} <= _paired(protocol)


def _paired(protocol: str) -> set[str]:
    """Kinds that share a line of the table."""
    return set(re.findall(r"^\| .*?/ `([a-z.]+)`", protocol, re.MULTILINE))


def test_what_an_event_must_say_is_bold_in_the_protocol() -> None:
    lines = (ROOT / "workflows/wire/README.md").read_text().splitlines()
    for body in events.BODIES:
        line = next(line for line in lines if line.startswith(f"| `{body.kind}`"))  # type: ignore[attr-defined]
        nested = _needed(events.Call) if body is events.SpanCompleted else set()
        assert set(re.findall(r"\*\*`(\w+)`\*\*", line)) == _needed(body) | nested, line


def _needed(said: type) -> set[str]:
    """What has no default, by its name on the wire."""
    without = {f.name for f in fields(said) if f.default is f.default_factory is MISSING}
    return {"try" if name == "of_try" else name for name in without}


def test_every_key_and_every_script_stands_in_the_protocol() -> None:
    protocol = (ROOT / "workflows/wire/README.md").read_text()
    scripts = {path.stem for path in (ROOT / "workflows/wire/scripts").glob("*.lua")}
    assert {name for name in scripts if f"| `{name}` |" not in protocol} == set()
    written = re.findall(r'"(gx:[^"]+)"', (ROOT / "workflows/wire/keys.py").read_text())
    assert len(written) >= 10
    assert [key for key in written if not re.search(_any(key), protocol)] == []


def _any(key: str) -> str:
    """Of an f-string: itself, with anything in its places."""
    whole = key.replace("{{", "\0").replace("}}", "\1")
    parts = re.split(r"\{[^}]*\}", whole)
    return "`" + "[^`]+".join(re.escape(p.replace("\0", "{").replace("\1", "}")) for p in parts)


def test_the_compute_plane_imports_with_django_hidden() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDE_DJANGO], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert {"workflows.worker.process", "workflows.blog.flow"} <= set(done.stdout.split())


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "docker/worker.lock"]
)
def test_locks_are_hashed_and_name_no_place_to_get_things_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^\S+==", text, re.MULTILINE)
    hashed = re.findall(r"^\S+==.*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(packages) == len(hashed) > 30
    assert "://" not in text
    assert "--index" not in text


def test_no_example_of_a_property_is_held_to_a_time() -> None:
    """A machine that stands still for 200 ms has found nothing."""
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_the_files_that_begin_first_are_there() -> None:
    assert [name for name in order.LONGEST if not (ROOT / name).exists()] == []


def test_the_worker_is_installed_without_django() -> None:
    text = (ROOT / "docker/worker.lock").read_text()
    assert re.findall(r"^(django|channels|psycopg|uvicorn)\S*==", text, re.MULTILINE) == []


async def test_the_example_of_the_readme_runs() -> None:
    """As it stands there; only its two shapes are ours, and the offline model answers."""
    found = re.search(r"   ```python\n(.*?)   ```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    names: dict[str, Any] = {"Paper": Paper, "Digest": Digest}
    exec(textwrap.dedent(found[1]), names)
    made = await names["digest"](
        Paper(("Salt is carried by ferries.", "Wool is carried by mules."))
    )
    assert len(made.summaries) == 2
    assert all(isinstance(summary, str) and summary for summary in made.summaries)


@dataclass(frozen=True)
class Paper:
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Digest:
    summaries: list[str]
