r"""What a reader cannot see, or a terminal obeys, written so that it is seen.

A recorded name may hold a line feed that begins a row of its own, a control character
that moves the cursor, or a mark that turns the direction of writing around. Tables,
warnings, errors and notes show such a character as its escape, ``\n`` or ``\u202e``;
JSON holds the same escapes, which every reader of JSON turns back into the character.

Source: Unicode Standard Annex 9 (directional formatting), 31 and 44
(``Default_Ignorable_Code_Point``); Unicode Technical Standard 39; ECMA-48 (C0, C1).
"""

from __future__ import annotations

import re

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1, with U+0085
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff"  # half of a pair: what is no text at all
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{_UNSEEN}]")
_HIDDEN_IN_LINES = re.compile(f"(?!\n)[{_UNSEEN}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """Return a text as one line in which every hidden character is its escape."""
    return _HIDDEN.sub(_escape, text)


def visible_lines(text: str) -> str:
    """Return lines in which every other hidden character is its escape."""
    return _HIDDEN_IN_LINES.sub(_escape, text)


def visible_json(text: str) -> str:
    r"""Return JSON that parses to the same, with hidden characters as ``\u`` escapes.

    Args:
        text: JSON on one line; outside of its texts no such character is allowed.
    """
    return _HIDDEN.sub(_escape_of_json, text)


def visible_html(text: str) -> str:
    """Return lines as text of an HTML page: no markup, and nothing hidden."""
    from html import escape  # 2,000 names of entities: nobody else waits for them

    return escape(visible_lines(text))


def _escape(found: re.Match[str]) -> str:
    one = found[0]
    if one in _SHORT:
        return _SHORT[one]
    return f"\\U{ord(one):08x}" if ord(one) > 0xFFFF else f"\\u{ord(one):04x}"


def _escape_of_json(found: re.Match[str]) -> str:
    pair = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pair[at : at + 2].hex()}" for at in range(0, len(pair), 2))
