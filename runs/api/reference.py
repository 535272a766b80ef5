"""`/api/docs`: the OpenAPI document as a page of ours, for people; it needs no script.

Swagger's page is a megabyte of script in another look, and empty without it. This one is made from
the same document that programs read, so that the two cannot say different things.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import responses as phrases
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.safestring import SafeString
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from runs.api.fields import Field, Schema, described, fields, kind, named, sample, shape, worded

TITLES = {("workflows", "get"): "Workflows", ("workflows", "post"): "Workflows",
          ("runs", "get"): "Read a run", ("runs", "post"): "Steer a run"}  # fmt: skip
PLACES = {"path": "in the path", "query": "in the query", "header": "as a header"}
STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Shape:
    """A component: an object and its fields; `id` is where it stands on the page."""

    name: str
    about: SafeString
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Parameter:
    field: Field
    place: str


@dataclass(frozen=True, slots=True)
class Content:
    """One kind of body. `shape`: its component, if it has one."""

    media_type: str
    kind: str
    shape: str
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    phrase: str
    meaning: SafeString
    contents: list[Content]


@dataclass(frozen=True, slots=True)
class Call:
    id: str
    method: str
    path: str
    title: str
    about: SafeString
    parameters: list[Parameter]
    body: list[Field]
    takes: Content | None
    line: str
    answers: list[Answer]
    refusals: list[Answer]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    calls: list[Call]


class Reference(DocsBase):
    """What Ninja asks for the page of its documentation."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = api.get_openapi_schema(path_params=kwargs)
        site = request.build_absolute_uri("/").rstrip("/")
        components = document["components"]["schemas"]
        context = {
            "about": worded(document["info"]["description"]),
            "site": site,
            "groups": groups(document["paths"], components, site),
            "shapes": [_shape(*one) for one in sorted(components.items())],
        }
        response = render(request, "runs/reference.html", context)
        # The header is that of whoever reads it.
        patch_cache_control(response, private=True, no_store=True)
        return response


def groups(
    paths: Mapping[str, Mapping[str, Any]], components: Mapping[str, Schema], site: str
) -> list[Group]:
    found: dict[str, list[Call]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            thing = path.split("/")[2]
            title = TITLES.get((thing, method), thing.capitalize())
            found.setdefault(title, []).append(_call(method, path, operation, components, site))
    return [Group(*one) for one in found.items()]


def _call(
    method: str,
    path: str,
    operation: Mapping[str, Any],
    components: Mapping[str, Schema],
    site: str,
) -> Call:
    takes = _body(operation, components)
    answers = [_answer(*one) for one in operation["responses"].items()]
    summary = operation["summary"]
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        title=summary if ":" in summary else summary.capitalize(),
        about=worded(operation.get("description", "")),
        parameters=[_parameter(one) for one in operation.get("parameters", ())],
        body=fields(components.get(takes.shape, {})) if takes else [],
        takes=takes,
        line=line(method.upper(), f"{site}{path}", takes, streams=_streams(method, operation)),
        answers=[one for one in answers if one.status < "3"],
        refusals=[one for one in answers if one.status >= "3"],
    )


def line(method: str, url: str, takes: Content | None, *, streams: bool = False) -> str:
    """What one types to call it; `$TOKEN` and what is in braces are the reader's to fill in."""
    for name in ("id", "key", "name"):
        url = url.replace(f"{{{name}}}", f"${name.upper()}")
    words = ["curl", *(["-N"] if streams else []), *(["-X", method] if method != "GET" else [])]
    parts = [f'{" ".join(words)} "{url}"', '-H "Authorization: Bearer $TOKEN"']
    if takes is not None:
        parts += [f'-H "Content-Type: {takes.media_type}"', f"-d {shlex.quote(takes.example)}"]
    return " \\\n  ".join(parts)


def _streams(method: str, operation: Mapping[str, Any]) -> bool:
    return method == "get" and STREAM in operation["responses"].get("200", {}).get("content", {})


def _parameter(found: Mapping[str, Any]) -> Parameter:
    schema = {**found["schema"], **{k: found[k] for k in ("description",) if k in found}}
    field = described(found["name"], schema, required=found.get("required", False))
    return Parameter(field, PLACES[found["in"]])


def _body(operation: Mapping[str, Any], components: Mapping[str, Schema]) -> Content | None:
    contents = _contents(operation.get("requestBody", {}))
    if not contents or contents[0].example:
        return contents[0] if contents else None
    it = contents[0]
    return Content(it.media_type, it.kind, it.shape, shown(sample(components.get(it.shape, {}))))


def _answer(status: object, said: Mapping[str, Any]) -> Answer:
    phrase = phrases.get(int(str(status)), "")
    meaning = "" if said["description"] == phrase else said["description"]
    return Answer(str(status), phrase, worded(meaning), _contents(said))


def _contents(said: Mapping[str, Any]) -> list[Content]:
    found: Iterable[tuple[str, Any]] = said.get("content", {}).items()
    return [
        Content(type_, kind(one["schema"]), shape(one["schema"]), shown(one.get("example")))
        for type_, one in found
    ]


def _shape(name: str, schema: Schema) -> Shape:
    return Shape(named(name), worded(schema.get("description", "")), fields(schema))


def shown(example: Any) -> str:
    if example is None or isinstance(example, str):
        return example or ""
    return json.dumps(example, indent=2, ensure_ascii=False)
