"""The pages of ``docs/questions``, made from the questions and the golden ledger.

``python -m tests.support.question_pages`` writes them; a test holds them against what
the questions say and answer now.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

from projections.catalogue import CHECKED_ON, Question, catalogue
from projections.commands.answering import class_named, row_class, text_of
from projections.commands.question import described
from projections.filled import Source, sources_of
from projections.status import STATUS, fields_with_status
from tests.support.questions import Asker, Case, cases

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "questions"
MOST_LINES = 34
# Streams that were sealed together stand in an order of chance.
_LINES = {"Q05": 12}
_OF_THE_LOG = {"Q04", "Q05", "Q27"}
_COUNTS = {"entries", "last_seq", "leaves", "first_leaf", "last_leaf", "accepted"}
_COUNTS |= {"events", "rows", "stream_id"}
_HEX = re.compile(r"\b[0-9a-f]{64}\b")
_FIRST = {one.number: one for one in reversed(list(cases()))}
_TIMES = """\
Every question takes `as_of` (what had happened by then, as claimed) and `known_as_of`
(what had been sealed by then); left out, neither is a bound: see the
[index](README.md).
"""
_SAMPLE = """\
Ask first, then draw:

```console
$ mlledger sample --count 5 --number EX-9
$ mlledger sample REQUEST
```

The first command records `oversight.request.received` with the population in its
`subject`, such as `sample count=5 release=…`: it is bound before anybody can know the
seed. Until a manifest covers the request, the second one says so and ends with exit
code 6. The draw, which anybody can repeat from the log:

1. **Checkpoint**: of the manifests (`ledger.manifest.published`) in the order of their
   log, the first that names, for the request's log, a size above the request's leaf;
   what it names there.
2. **Seed**: SHA-256 over the checkpoint's text (three lines: origin, size in decimal,
   root in Base64; UTF-8, each line with its newline), followed by the 16 bytes of the
   request's event id.
3. **Population**: every decision that the request's subject describes and that was
   sealed no later than the request, by the sealer's clock.
4. **Draw**: the decisions with the smallest SHA-256 over seed and the 16 bytes of their
   id, in that order.

Who asks cannot know the root when asking. Who keeps the ledger could try different
histories before publishing one; witnesses see to it that one alone is published, not
that no other was tried out.
"""


def page(question: Question, asker: Asker) -> str:
    """Return the page of a question."""
    number = question.number
    row = next(one for one in described() if one["number"] == number)
    doc = inspect.getdoc(question.function) or ""
    says = doc.split("\n", 1)[0].removeprefix("Return ")
    parts = [
        f"# {question.number} {question.name}\n",
        f"{says[0].upper()}{says[1:]}\n".replace(f" ({question.number}).", "."),
        "## Parameters\n",
        _parameters(str(row["parameters"]), doc),
        _TIMES,
        "## Answer\n",
        *_tables(row_class(question.function)),
        "## Serves\n",
        "".join(f"* {one}\n" for one in question.provisions),
        f"As of {CHECKED_ON}; not legal advice.\n",
        "## Example\n",
        _SAMPLE
        if question.number == "Q41"
        else _example(_FIRST[question.number], asker),
    ]
    return "\n".join(parts)


def command(case: Case) -> str:
    """Return the command of a case; ids have the names of the story in braces."""
    words = [f"--param '{key}={value}'" for key, value in case.params.items()]
    return " ".join(("mlledger query", case.number, *words))


def output(case: Case, asker: Asker) -> str:
    """Return what a person sees of an answer, cut where it becomes long."""
    answer = asker.shown(asker.ask(case.number, case.params))
    if case.number in _OF_THE_LOG:
        answer = _masked(answer)
    text = _HEX.sub("…", text_of(answer)) or "Not recorded"
    lines = text.splitlines()
    most = _LINES.get(case.number, MOST_LINES)
    if len(lines) > most:
        lines = [*lines[:most], "…"]
    return "\n".join(lines)


def _masked(value: Any) -> Any:
    """Return an answer without how many entries events happened to come in."""
    if isinstance(value, dict):
        return {
            key: one if key == STATUS else _hidden(key, one)
            for key, one in value.items()
        }
    return [_masked(one) for one in value] if isinstance(value, list) else value


def _hidden(key: str, value: Any) -> Any:
    is_count = key in _COUNTS and not isinstance(value, list)
    return "…" if is_count else _masked(value)


def index() -> str:
    """Return the index of all questions."""
    rows = [
        f"| [{one.number}]({Path(one.page).name}) | `{one.name}` | {_says(one)} |"
        for one in catalogue()
    ]
    return _INDEX.format(rows="\n".join(rows))


def _says(question: Question) -> str:
    first = (inspect.getdoc(question.function) or "").split("\n", 1)[0]
    text = first.removeprefix("Return ").replace(f" ({question.number}).", "")
    return text.replace("``bounds.as_of``", "`as_of`")


def _parameters(listed: str, doc: str) -> str:
    if not listed:
        return "None of its own.\n"
    said = _arguments(doc)
    rows = ["| Parameter | Type | Default | Meaning |", "|---|---|---|---|"]
    for one in re.split(r", (?=\w+: )", listed):
        name, _, rest = one.partition(": ")
        kind, _, default = rest.partition(" = ")
        shown = kind.replace(" | None", "").replace("|", "or")
        rows.append(
            f"| `{name}` | {shown} | {default or 'needed'} | {said.get(name, '')} |"
        )
    return "\n".join(rows) + "\n"


def _arguments(doc: str) -> dict[str, str]:
    """Return what a docstring says of each argument."""
    found: dict[str, str] = {}
    section = re.search(r"Args:\n(.*?)(?:\n\n|\Z)", doc, re.DOTALL)
    for item in re.split(r"\n    (?=\w+: )", "\n" + section[1]) if section else []:
        name, _, text = item.strip().partition(": ")
        found[name] = " ".join(text.split())
    return found


def _tables(kind: type | None, title: str = "") -> list[str]:
    """Return a table of columns for a class of rows, and for what it holds."""
    if kind is None:
        return ["A list of links, each with the event that says it.\n"]
    doc = (inspect.getdoc(kind) or "").split("\n\nAttributes:\n")
    parts = [f"### {title}\n"] if title else []
    parts.append(doc[0] + "\n")
    nested = {
        item.name: found
        for item in dataclasses.fields(kind)
        if (found := class_named(str(item.type), kind)) is not None
    }
    names = [name for name in fields_with_status(kind) if name not in nested]
    if names:
        parts.append(_columns(kind, names))
    if len(doc) > 1:
        parts.append(_bullets(doc[1]))
    for name, found in nested.items():
        parts += _tables(found, f"{title} {name}".strip())
    return parts


def _columns(kind: type, names: list[str]) -> str:
    sources = sources_of(kind)
    rows = ["| Column | Filled by |", "|---|---|"]
    rows += [f"| `{name}` | {_filled(sources.source(name))} |" for name in names]
    return "\n".join(rows) + "\n"


def _filled(source: Source) -> str:
    if source.derived:
        return f"derived from `{source.event}`" if source.event else "derived"
    return f"`{source.event}`" if source.event else "the event that the row names"


def _bullets(text: str) -> str:
    items = re.split(r"\n    (?=\w[\w, ]*: )", "\n" + text.rstrip())
    listed = [" ".join(one.split()) for one in items if one.strip()]
    return "".join(
        f"* `{name.replace(', ', '`, `')}`: {rest}\n"
        for name, _, rest in (one.partition(": ") for one in listed)
    )


def _example(case: Case, asker: Asker) -> str:
    return (
        f"In the golden ledger ({case.why}):\n\n"
        f"```console\n$ {command(case)}\n{output(case, asker)}\n```\n"
    )


def write(asker: Asker) -> None:
    """Write the index and every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "README.md").write_text(index())
    for one in catalogue():
        (ROOT / one.page).write_text(page(one, asker))


_INDEX = """\
# Questions

Every question of an examiner is one `.sql` file (or a few, walked level by level), a
typed function and a command:

```console
$ mlledger query --list
$ mlledger query Q08 --param source=bureau --json
```

**Two times.** `as_of` asks what was true then, by the time that each event claims;
`known_as_of` asks what could be known then, by the time at which the sealer sealed it.
An event that arrives late changes the first answer and not the second. Without
witnesses the second rests on the operator's clock. What is left out is no bound: an
answer then rests on all that is recorded, also on what is dated ahead, such as a plan
or by a clock that was wrong. Such fields are marked `ahead`, the command warns that
there are such events, and [Q04](q04-completeness.md) names them; `--as-of` with today's
date leaves them out. What counts days (overdue, days late) counts them to `as_of`, else
to now.

**Status.** With `--json` each row carries `field_status`: for every field one of

| Status | Meaning |
|---|---|
| `recorded` | an event says so; `basis` is how its producer knew it |
| `stated` | a person said so in an event |
| `derived` | computed from events |
| `late` | recorded, and sealed more than a day after it is said to have happened |
| `ahead` | recorded, and dated more than five minutes after it was sealed |
| `conflicting` | its event is one of two that contradict each other |
| `erased` | the payload it tells of was deleted; an event says so |
| `withheld` | known, and not shown here: a group of reviewers is too small |
| `not_recorded` | no event says so; `filled_by` names the type that would |

In tables a gap reads "Not recorded". An answer is complete as recorded; it says nothing
about what was never logged.

**What is cut.** A `limit` that leaves something out says so, and never by silence: a
warning names the limit and the parameter that shows more, and `meta.complete` is false.
NDJSON says it in its last line, tables and CSV on stderr.

**Forms.** JSON and NDJSON hold every text as it was recorded; what a terminal would
obey or a reader would not see (control characters, marks of direction, characters
without width) is a `\\uXXXX` escape there. Tables, warnings and errors show such
characters as escapes. CSV is meant for spreadsheets: a text that begins with `=`, `+`,
`-`, `@`, a tab or the end of a line gets an apostrophe before it, lest it be taken for
a formula; a number does not. A program that reads CSV takes that one apostrophe away
again, where such a character follows it (or further apostrophes and then one), or it
reads NDJSON.

**Examples** come from the golden ledger, a scripted world that the tests tell and ask,
as of its end on 1 July 2026. Names in braces, such as `{{release credit-v2}}`, stand
for ids, times are cut to seconds, and long answers are cut.

A provision that was not read at its source says so. None of this is legal advice.

| Number | Name | Answers |
|---|---|---|
{rows}
"""


def _main() -> None:
    import tempfile
    from uuid import UUID

    from ledger.output import parse_time
    from projections.columns import to_time
    from projections.golden import story
    from projections.golden.world import auditor, scripted_world

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with scripted_world(
            home, begins=story.BEGINS, identities=story.IDENTITIES
        ) as world:
            told = story.tell(world)
            config = world.config
        ids = {name: UUID(bytes=one.id) for name, one in told.named.items()}
        with auditor(config) as connection:
            write(Asker(connection, ids, to_time(parse_time(told.ends))))


if __name__ == "__main__":
    _main()
