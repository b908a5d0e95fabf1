"""Cut secrets out of texts, mappings and argument lists before anything is digested.

A hash of a short secret is as good as the secret, so nothing is hashed first. Each cut
leaves ``[REDACTED:<kind>]`` behind and is counted in a :class:`Redaction`::

    >>> redact_url("https://ann:hunter2@git.example/x.git")
    'https://git.example/x.git'
    >>> redact_text("lr=0.1 token=abc", where="notes")[0]
    'lr=0.1 token=[REDACTED:secret-name]'

The rules cut too much rather than too little; they cannot know a secret that has
neither a telling name nor a known shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from ledger.secret_names import is_secret_name


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was cut from one place.

    Attributes:
        where: the place: ``parameters.db``, ``diff``, ``command``.
        kind: which rule found it, such as ``github-token`` or ``secret-name``.
        count: how many cuts, 1 or more.
    """

    where: str
    kind: str
    count: int


# Kind, texts one of which every such secret holds, and the shape. The order matters:
# what a later rule would split must be cut by an earlier one.
_SHAPES: tuple[tuple[str, str, str], ...] = (
    (
        "private-key",
        "PRIVATE KEY",
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[\s\S]*)"
        ),
    ),
    ("private-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{20,}"),
    ("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){1,3}"),
    (
        "aws-key",
        "AKIA ASIA ABIA ACCA AROA AIDA",
        r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9_-])",
    ),
    ("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    ("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    ("gitlab-token", "gl", r"gl[a-z]{2,5}-[A-Za-z0-9_.-]{20,}"),
    ("gitlab-token", "GR1348941", r"GR1348941[A-Za-z0-9_-]{20,}"),
    ("slack-token", "xox", r"xox[abceposr](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}"),
    ("slack-token", "xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
    (
        "slack-token",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,}",
    ),
    ("google-key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    ("google-key", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    ("google-key", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    ("stripe-key", "k_live_ k_test_", r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    ("stripe-key", "whsec_", r"whsec_[A-Za-z0-9+/=]{16,}"),
    ("api-key", "sk-", r"sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}"),
    ("huggingface-token", "hf_ api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    ("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    ("pypi-token", "pypi-", r"pypi-[A-Za-z0-9_-]{50,}"),
    ("docker-token", "dckr_pat_", r"dckr_pat_[A-Za-z0-9_-]{20,}"),
    ("databricks-token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9_-])"),
    ("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("digitalocean-token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    ("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("telegram-token", ":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
)
# Likewise, where upper and lower case are alike; what stands before the secret stays.
_HEADERS: tuple[tuple[str, str, str], ...] = (
    ("authorization", "bearer", r"(?<=bearer )[A-Za-z0-9._~+/-]{8,}=*"),
    ("authorization", "basic", r"(?<=authorization: basic )[A-Za-z0-9+/]{6,}=*"),
    ("azure-key", "accountkey=", r"(?<=accountkey=)[A-Za-z0-9+/]{20,}=*"),
    ("azure-key", "sharedaccesskey=", r"(?<=sharedaccesskey=)[A-Za-z0-9+/]{20,}=*"),
)
_ANYWHERE = frozenset({"PRIVATE KEY", "AGE-SECRET-KEY-1", "hooks.slack.com/"})
_Rule = tuple[str, tuple[str, ...], re.Pattern[str]]


def _rule(kind: str, hints: str, shape: str) -> _Rule:
    """Compile a shape; most may not begin within a word."""
    if hints in _ANYWHERE:
        return kind, (hints,), re.compile(shape)
    return kind, tuple(hints.split()), re.compile(r"(?<![A-Za-z0-9_-])" + shape)


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_rule(*row) for row in _SHAPES)


@cache
def _header_rules() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rows = _HEADERS
    return tuple((k, hint, re.compile(shape, re.IGNORECASE)) for k, hint, shape in rows)


# user:password@ or user@ of a URL. ``git@`` and ``hg@`` are the names of an account
# that everybody shares. A password may hold an unescaped slash or at-sign.
_USERINFO = re.compile(
    r"(?i)(?<![a-z0-9])([a-z][a-z0-9+.-]{1,20}://)(?!(?:git|hg)@)"
    r"(?:[^\s/?#\"'<>@:]*:(?!\d{1,5}/)[^\s\"'<>@]*(?:@[^\s/?#\"'<>@]*)*"
    r"|[^\s/?#\"'<>]+)@(?=[a-z0-9\[.%-])"
)
_QUERY = re.compile(r"([?&;])([A-Za-z][A-Za-z0-9_.-]{0,63})=([^\s&;#\"'<>]+)")
_QUERY_NAMES = frozenset({"sig", "signature", "x-amz-signature", "x-goog-signature"})

_VALUE = (
    r"(?P<quoted>[rbuf]{0,2}\"(?:[^\"\\\n]|\\.)*\"|[rbuf]{0,2}'(?:[^'\\\n]|\\.)*')"
    r"|(?P<bare>[^\s,;\"'(){}\[\]]+)(?P<call>[(\[{]?)"
)
_ASSIGNMENT = re.compile(
    r"(?<![A-Za-z0-9_.-])(?P<name>-{0,2}[A-Za-z_][A-Za-z0-9_.-]{0,63})(?P<mid>[\"']?\]?"
    r"(?:[ \t]*:[ \t]*[A-Za-z_][A-Za-z0-9_.|\[\] ]{0,40}?[ \t]=[ \t]*"
    r"|[ \t]*(?::|=>|=)[ \t]*))(?:" + _VALUE + r")"
)
# Every secret name holds one of these, so that most lines need no closer look.
_TELLING = re.compile(
    r"(?i)pass|pwd|pw|pat|secret|token|key|cred|auth|bearer|cookie|dsn|string"
)
_PLAIN = re.compile(
    r"(?i)none|null|true|false|str|bytes|int|float|bool|any|object|optional|"
    r"\$\S*|<\S*|%\S*|\{\{.*|\[REDACTED.*|os\.\S*|self\.\S*|args\.\S*|"
    r"settings\.\S*|config\.\S*|=+|\||\S*SecretStr"
)


def redact_text(text: str, *, where: str) -> tuple[str, tuple[Redaction, ...]]:
    """Cut URL credentials, token shapes and secret-named assignments out of a text.

    Args:
        text: any text: a diff, a configuration file, one value.
        where: the place, for the record.

    Returns:
        The text with its cuts, and one :class:`Redaction` for each kind found.
    """
    counts: Counter[str] = Counter()
    cut = _cut_shapes(_cut_urls(text, counts), counts)
    if _TELLING.search(cut):
        lines = cut.split("\n")
        cut = "\n".join(_cut_line(line, counts) for line in lines)
    return cut, _listed(where, counts)


def redact_mapping(
    values: Mapping[str, object], *, where: str
) -> tuple[dict[str, object], tuple[Redaction, ...]]:
    """Cut secrets out of a mapping: values under secret names whole, others by shape.

    Nested mappings and lists are walked; numbers, booleans and None under a harmless
    name stay as they are.
    """
    found: list[Redaction] = []
    cut = {
        str(key): _redact_item(str(key), value, f"{where}.{key}", found)
        for key, value in values.items()
    }
    return cut, merge(found)


def redact_arguments(
    arguments: Sequence[str], *, where: str
) -> tuple[list[str], tuple[Redaction, ...]]:
    """Cut secrets out of a command line: ``--token x``, ``--token=x``, shapes, URLs."""
    found: list[Redaction] = []
    cut: list[str] = []
    follows = False
    for argument in arguments:
        if follows and not argument.startswith("--"):
            cut.append("[REDACTED:secret-name]")
            found.append(Redaction(where, "secret-name", 1))
            follows = False
            continue
        text, cuts = redact_text(argument, where=where)
        cut.append(text)
        found.extend(cuts)
        follows = _is_secret_option(argument)
    return cut, merge(found)


def redact_url(url: str) -> str:
    """Return a URL without credentials and without secret query parameters."""
    return _cut_urls(url, Counter())


def merge(redactions: Sequence[Redaction]) -> tuple[Redaction, ...]:
    """Add up the counts of equal place and kind, in sorted order."""
    counts: Counter[tuple[str, str]] = Counter()
    for item in redactions:
        counts[item.where, item.kind] += item.count
    return tuple(Redaction(w, k, n) for (w, k), n in sorted(counts.items()))


def _is_secret_option(argument: str) -> bool:
    bare = argument.startswith("-") and "=" not in argument
    return bare and is_secret_name(argument.strip("-"))


def _redact_item(key: str, value: object, where: str, found: list[Redaction]) -> object:
    if is_secret_name(key) and value is not None and not isinstance(value, bool):
        found.append(Redaction(where, "secret-name", 1))
        return "[REDACTED:secret-name]"
    if isinstance(value, Mapping):
        inner, cuts = redact_mapping(cast("Mapping[str, object]", value), where=where)
        found.extend(cuts)
        return inner
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[object]", value)
        return [_redact_item("", item, where, found) for item in items]
    if isinstance(value, str):
        text, cuts = redact_text(value, where=where)
        found.extend(cuts)
        return text
    return value


def _cut_shapes(text: str, counts: Counter[str]) -> str:
    for kind, hints, shape in _rules():
        if any(hint in text for hint in hints):
            text = _cut(shape, kind, text, counts)
    lower = text.lower()
    for kind, hint, shape in _header_rules():
        if hint in lower:
            text = _cut(shape, kind, text, counts)
    return text


def _cut_line(line: str, counts: Counter[str]) -> str:
    if not _TELLING.search(line):
        return line
    return _ASSIGNMENT.sub(lambda found: _assignment(found, counts), line)


def _cut(shape: re.Pattern[str], kind: str, text: str, counts: Counter[str]) -> str:
    text, number = shape.subn(f"[REDACTED:{kind}]", text)
    if number:
        counts[kind] += number
    return text


def _cut_urls(text: str, counts: Counter[str]) -> str:
    if "://" in text:
        text, number = _USERINFO.subn(r"\1", text)
        if number:
            counts["url-credentials"] += number
    if "=" in text and ("?" in text or "&" in text):
        text = _QUERY.sub(lambda found: _parameter(found, counts), text)
    return text


def _parameter(found: re.Match[str], counts: Counter[str]) -> str:
    mark, name, _ = found.groups()
    if name.lower() not in _QUERY_NAMES and not is_secret_name(name):
        return found.group()
    counts["url-parameter"] += 1
    return f"{mark}{name}=[REDACTED:url-parameter]"


def _assignment(found: re.Match[str], counts: Counter[str]) -> str:
    if not is_secret_name(found["name"].lstrip("-")):
        return found.group()
    bare, quoted = found["bare"], found["quoted"]
    if bare is not None and (found["call"] or _PLAIN.fullmatch(bare)):
        return found.group()
    if quoted is not None and len(quoted.strip("rbuf")) <= 2:
        return found.group()
    counts["secret-name"] += 1
    mark = quoted[-1] if quoted else ""
    return f"{found['name']}{found['mid']}{mark}[REDACTED:secret-name]{mark}"


def _listed(where: str, counts: Counter[str]) -> tuple[Redaction, ...]:
    return tuple(Redaction(where, kind, n) for kind, n in sorted(counts.items()))
