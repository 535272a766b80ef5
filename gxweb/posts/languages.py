"""Which language a text is in, as HTML's `lang` has it (BCP 47, RFC 5646)."""

from __future__ import annotations

import re

from django.conf.locale import LANG_INFO

_CODE = re.compile(r"([a-z]{2,3})(-[a-z0-9]{2,8})*")
_BY_NAME = {
    info[name].casefold(): code
    for code, info in LANG_INFO.items()
    for name in ("name", "name_local")
    if name in info
}


def code(said: str) -> str:
    """Of what a person or a page calls it: "German", "deutsch", "de" or "de-AT". Empty when that
    is no language we know: better none than to be read aloud in a wrong one."""
    wanted = said.strip()
    tag = _CODE.fullmatch(wanted.casefold())
    return wanted if tag and tag[1] in LANG_INFO else _BY_NAME.get(wanted.casefold(), "")
