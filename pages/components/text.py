"""Other people's words where Streamlit would read Markdown. Pure."""

from __future__ import annotations

import re
from typing import Final

#: What makes something of a text: emphasis, code, links, mathematics, tags, colours and icons.
_SPECIAL: Final = re.compile(r"[\\`*\[\]$~<|]|(?<!\w)_|_(?!\w)|:(?=[\w+/-]+:)|!(?=\[)")
#: What does so at the beginning of a line: headings, lists, quotations.
_OPENING: Final = re.compile(r"^(\s*)(?=[#>+-])|^(\s*\d+)(?=[.)](?!\d))", re.MULTILINE)


def plain(text: str) -> str:
    """The text, shown as it is wherever Streamlit takes Markdown."""
    return _OPENING.sub(lambda found: f"{found[0]}\\", _SPECIAL.sub(r"\\\g<0>", text))
