"""What a person who sees `make up` for the first time wants to type next."""

import os
import sys

from gxweb.supervisor.children import Site


def next_steps(site: Site) -> list[str]:
    """Lines that can be copied as they are, but for the token."""
    url = site.public_url
    manage = f"{os.path.relpath(sys.executable)} manage.py"
    if site.var != site.root / "var":
        manage = f"VAR={site.var} {manage}"
    return [
        "A user and a token:",
        f"  {manage} issue_token you@example.com --create",
        "A run, watched to its end:",
        f"  curl -N {url}/api/workflows/blog/runs -H 'Authorization: Bearer THE_TOKEN' \\",
        "    -H 'Content-Type: application/json' -H 'Accept: text/event-stream' \\",
        """    -d '{"topic": "Your topic", "notes": "Your own material, as long as you like."}'""",
        f"Pages: {url}/ (begin here), {url}/api/docs (the API), {url}/admin/ (for staff)",
    ]
