"""REST for every workflow of the catalog: one file per thing that can be asked for."""

from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from runs.api import events, forks, output, problems, replies, runs, trace, usage, workflows
from runs.api.access import FindToken
from runs.api.document import Documented
from runs.api.reference import Reference

DESCRIPTION = (
    "Start workflows, follow them live and fetch what they made. Send `Authorization: Bearer gx_…`."
    " Every error is application/problem+json."
)


def rest(find_token: FindToken) -> NinjaAPI:
    """The API; who a token belongs to is the site's business."""
    api = Documented(
        title="gxweb",
        version="1",
        description=DESCRIPTION,
        urls_namespace="api",
        docs=Reference(),
        docs_url="/docs",
        # Another method is a 405, not a lack of a CSRF token.
        docs_decorator=lambda view: csrf_exempt(require_safe(view)),
    )
    problems.teach(api)
    for part in (workflows, runs, replies, forks, events, output, trace, usage):
        part.add(api, find_token)
    return api
