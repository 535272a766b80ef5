"""The OpenAPI document: shapes of the catalog and of our answers, each once, under a name."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from http.client import responses
from types import MappingProxyType
from typing import Any, cast

from ninja import NinjaAPI
from pydantic import TypeAdapter

from runs.api import examples, shapes
from runs.estimate import estimate
from workflows.catalog import CATALOG, Entry

REF = "#/components/schemas/{model}"
JSON = "application/json"
ID = "$response.body#/id"
ANSWERS = (
    shapes.Workflow, shapes.Workflows, shapes.StartedRun, shapes.EndedRun, shapes.RunDetail,
    shapes.Runs, shapes.Trace, shapes.LogEvent, shapes.Cancellation, shapes.CancellationRequest,
    shapes.ForkRequest, shapes.ServerSentEvent, shapes.UsageReport, shapes.Problem,
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
# The most usual `type` of each.
TYPES = {
    400: "malformed_json",
    401: "unauthenticated",
    403: "missing_scope",
    404: "not_found",
    406: "not_acceptable",
    409: "finished",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "over_quota",
    503: "unavailable",
}
# SQL may be away at any call.
ALWAYS = (401, 403, 404, 503)


class Documented(NinjaAPI):
    """Ninja's document with our components in it."""

    def get_openapi_schema(self, **options: Any) -> Any:
        document = super().get_openapi_schema(**options)
        document["components"].setdefault("schemas", {}).update(_components())
        return document

    def get_openapi_operation_id(self, operation: Any) -> str:
        """The name of the function: it is unique, and a program's client is generated from it."""
        return str(operation.view_func.__name__)


def workflow(entry: Entry) -> shapes.Workflow:
    """A workflow with the two shapes a program needs to call it, and what a run of it takes."""
    found = estimate(entry.name)
    return {
        "name": entry.name,
        "version": entry.version,
        "title": entry.title,
        "description": entry.description,
        "input_schema": TypeAdapter(entry.input).json_schema(),
        "output_schema": TypeAdapter(entry.output).json_schema(mode="serialization"),
        "estimate": None if found is None else cast("shapes.Estimate", asdict(found)),
    }


def described(
    answers: Mapping[int, type | Mapping[str, Any]],
    problems: Iterable[int] = (),
    *,
    body: type | None = None,
    example: Any = None,
    headers: Iterable[Mapping[str, Any]] = (),
    empty: Mapping[int, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What an operation takes and answers, beyond what Ninja reads from its signature."""
    found: dict[str, Any] = {"responses": {}}
    for status, shape in answers.items():
        content = shape if isinstance(shape, Mapping) else json_of(shape)
        found["responses"][status] = {"description": responses[status], "content": dict(content)}
    for status, meaning in empty.items():
        found["responses"][status] = {"description": meaning}
    for status in sorted({*problems, *ALWAYS}):
        found["responses"][status] = _problem(status)
    if body is not None:
        found["requestBody"] = {"content": json_of(body, example=example)}
        found["requestBody"]["required"] = body not in ANSWERS
    if headers:
        found["parameters"] = list(headers)
    return found


def json_of(*shapes: type, example: Any = None) -> dict[str, Any]:
    """A body of JSON that has one of these shapes, with an example of the first."""
    refs = [{"$ref": REF.format(model=shape.__name__)} for shape in shapes]
    content: dict[str, Any] = {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}
    shown = example or examples.EXAMPLES.get(shapes[0].__name__)
    return {JSON: content | ({} if shown is None else {"example": shown})}


def example_of(entry: Entry) -> Any:
    """An input as a program would write it, without what is so by default."""
    if entry.example is None:
        return None
    return TypeAdapter(entry.input).dump_python(entry.example, mode="json", exclude_defaults=True)


def leading(found: dict[str, Any], status: int, *calls: str) -> dict[str, Any]:
    """The same description, with the calls that take the `id` of this answer."""
    links = {call: {"operationId": call, "parameters": {"id": ID}} for call in calls}
    found["responses"][status]["links"] = links
    return found


def header(name: str, why: str, example: str, pattern: str = "") -> dict[str, Any]:
    """A header that a call understands; one that does not fit the pattern is refused."""
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"in": "header", "name": name, "description": why, "schema": schema, "example": example}


def _problem(status: int) -> dict[str, Any]:
    """A refusal, with an example of it."""
    shown = examples.problem(status, responses[status], TYPES[status], MEANINGS[status] + ".")
    content = {"schema": {"$ref": REF.format(model="Problem")}, "example": shown}
    return {"description": MEANINGS[status], "content": {"application/problem+json": content}}


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
