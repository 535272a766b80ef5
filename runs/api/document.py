"""The OpenAPI document: shapes of the catalog and of our answers, each once, under a name."""

from collections.abc import Iterable, Mapping
from http.client import responses
from typing import Any

from ninja import NinjaAPI
from pydantic import TypeAdapter

from runs.api import shapes
from workflows.catalog import CATALOG, Entry

REF = "#/components/schemas/{model}"
PROBLEM = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
JSON = "application/json"
ANSWERS = (
    shapes.Workflow, shapes.Workflows, shapes.StartedRun, shapes.EndedRun, shapes.RunDetail,
    shapes.Runs, shapes.Trace, shapes.LogEvent, shapes.Cancellation, shapes.CancellationRequest,
    shapes.ForkRequest, shapes.Problem,
)  # fmt: skip
MEANINGS = {
    400: "The body is not JSON",
    401: "No token, a bad one, and no session",
    403: "The token lacks the scope, or the CSRF token is missing",
    404: "There is no such thing, or it is not yours",
    406: "None of the media types that are accepted can be given",
    409: "It cannot be done in the state it is in",
    413: "The body is larger than 1 MB",
    415: "The body is not application/json",
    422: "The input does not fit; `errors` says where",
    429: "Over quota; `Retry-After` says when to come back",
    503: "Nothing can be accepted now; `Retry-After` says when to come back",
}
ALWAYS = (401, 403, 404)


class Documented(NinjaAPI):
    """Ninja's document with our components in it."""

    def get_openapi_schema(self, **options: Any) -> Any:
        document = super().get_openapi_schema(**options)
        document["components"].setdefault("schemas", {}).update(_components())
        return document


def workflow(entry: Entry) -> shapes.Workflow:
    """A workflow with the two shapes a program needs to call it."""
    return {
        "name": entry.name,
        "version": entry.version,
        "title": entry.title,
        "description": entry.description,
        "input_schema": TypeAdapter(entry.input).json_schema(),
        "output_schema": TypeAdapter(entry.output).json_schema(mode="serialization"),
    }


def described(
    answers: Mapping[int, type | Mapping[str, Any]],
    problems: Iterable[int] = (),
    *,
    body: type | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """What an operation takes and answers, beyond what Ninja reads from its signature."""
    found: dict[str, Any] = {"responses": {}}
    for status, shape in answers.items():
        content = shape if isinstance(shape, Mapping) else json_of(shape)
        found["responses"][status] = {"description": responses[status], "content": dict(content)}
    for status in sorted({*problems, *ALWAYS}):
        found["responses"][status] = {"description": MEANINGS[status], "content": PROBLEM}
    if body is not None:
        found["requestBody"] = {"content": json_of(body), "required": body not in ANSWERS}
    if headers:
        found["parameters"] = [_header(name, why) for name, why in headers]
    return found


def json_of(*shapes: type) -> dict[str, Any]:
    """A body of JSON that has one of these shapes."""
    refs = [{"$ref": REF.format(model=shape.__name__)} for shape in shapes]
    return {JSON: {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}}


def _header(name: str, why: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": why, "schema": {"type": "string"}}


def _components() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in CATALOG.values():
        found |= _component(entry.input, "validation") | _component(entry.output, "serialization")
    for shape in ANSWERS:
        found |= _component(shape, "serialization")
    return found


def _component(shape: type, mode: Any) -> dict[str, Any]:
    """The shape under its own name, and those that it is made of under theirs."""
    schema = TypeAdapter(shape).json_schema(mode=mode, ref_template=REF)
    inner: dict[str, Any] = schema.pop("$defs", {})
    return inner | ({} if "$ref" in schema else {shape.__name__: schema})
