"""``mlledger decision``: list decisions; show one with everything behind it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.commands.verify import MARKS
from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, reporting
from ledger.visible import visible
from projections.commands.decision_list import ls
from projections.commands.listing import emit_marked
from projections.commands.noting import noting
from projections.commands.opening import (
    bounds,
    identifier,
    opened,
    opened_log,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.verification import Step
    from projections.chain import Chain, Link

_UPSTREAM = ("deployment change", "process attestation", "approval", "criterion")


def register(app: typer.Typer) -> None:
    """Add ``decision ls`` and ``decision show``."""
    group = typer.Typer(help="Recorded predictions, and what proves them.")
    group.command("ls")(ls)
    group.command("show")(show)
    app.add_typer(group, name="decision")


def show(
    *,
    decision: Annotated[str, Argument(metavar="ID", help="id of the decision")],
    verify: Annotated[
        bool, Option("--verify", help="re-read and verify every link in the log")
    ] = False,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a decision back to its sources: 0 holds, 5 contradiction, 6 unchecked."""
    form = chosen(output, json=json)
    with reporting("decision show", form), ExitStack() as stack:
        from ledger.public import PublicFolder
        from ledger.verification import (
            LedgerVerifier,
            roots_of,
            terms_of,
            verify_published,
        )
        from projections.chain import decision_chain

        config, database = stack.enter_context(opened(home))
        stack.enter_context(noting(config, about=identifier(decision)))
        connection = stack.enter_context(database.connect("auditor"))
        verifier, log, public = None, None, PublicFolder(config.public)
        if verify:
            log = stack.enter_context(opened_log(config))
            verifier = LedgerVerifier(
                log=log,
                public=public,
                ledger_id=config.ledger_id,
                tsa_roots=roots_of(config),
                terms=terms_of(config),
            )
        limits = bounds(as_of, known_as_of)
        chain = decision_chain(
            connection,
            identifier(decision),
            as_of=limits.as_of,
            known_as_of=limits.known_as_of,
            verifier=verifier,
        )
        published: list[Step] = []
        if log is not None:
            published = verify_published(
                log=log,
                public=public,
                ledger_id=config.ledger_id,
                origins=origins(chain),
                terms=terms_of(config),
            )
        emit_marked(answer(chain, published), form, connection)


def origins(chain: Chain) -> list[str]:
    """Return the origins whose entries hold the links of a chain."""
    found = {link.position.origin for link in chain.links if link.position}
    return sorted(found)


def answer(chain: Chain, published: Sequence[Step] = ()) -> Answer:
    """Return a chain as the answer of a command.

    Args:
        chain: the decision and what is behind it.
        published: checks of the published files those links rest on.
    """
    from ledger.commands.verify import step_error, step_row, step_text
    from ledger.verification import exit_code

    links = [link_row(link) for link in chain.links]
    broken = [step for step in published if step.is_finding]
    data = {
        "decision_id": str(chain.decision_id),
        "decision": links[0]["fields"],
        "verified": chain.verified,
        "links": links,
        "missing": list(chain.missing),
        "payload": _payload(chain),
        "published": [step_row(step) for step in published],
    }
    errors = [_error(link) for link in chain.links if _is_error(link, chain)]
    errors += [step_error(step) for step in broken]
    lines = [text(chain), *(step_text(step) for step in broken)]
    return Answer(
        "decision show",
        data,
        exit=worst(chain.exit_code, exit_code(published)),
        errors=errors,
        text="\n".join(lines),
        rows=links,
    )


def _payload(chain: Chain) -> dict[str, object]:
    from projections.payload_state import payload_state

    state = payload_state(chain)
    event_id = state.link.event_id if state.link else None
    return {"status": state.status, "text": state.text, "event_id": event_id}


def worst(*codes: int) -> int:
    """Return the code that counts: a contradiction, a gap, a suspect window, or 0."""
    return next((code for code in (5, 6, 13) if code in codes), 0)


def link_row(link: Link) -> dict[str, object]:
    """Return a link as JSON shows it."""
    at = link.position
    return {
        "kind": link.kind,
        "title": link.title,
        "event_id": link.event_id,
        "type": link.type,
        "time": link.time,
        "sealed_at": link.sealed_at,
        "attested_not_later_than": link.attested_at,
        "attested_by": link.attested_by,
        "basis": link.basis,
        "identity": link.identity,
        "position": at and {"origin": at.origin, "leaf": at.leaf, "index": at.index},
        "integrity": link.integrity,
        "reason": link.reason,
        "place": link.place,
        "expected": link.expected,
        "actual": link.actual,
        "missing": link.missing,
        "fields": link.fields,
    }


def text(chain: Chain) -> str:
    """Return a chain as a tree for people."""
    from projections.payload_state import payload_state

    lines = [f"decision {chain.decision_id}"]
    for link in chain.links:
        lines += map(visible, _lines(link))
    lines += _times(chain.decision)
    lines += [payload_state(chain).text, _summary(chain)]
    return "\n".join(lines)


def _lines(link: Link) -> list[str]:
    branch = "   └─ " if link.kind in _UPSTREAM else "└─ "
    if link.missing:
        detail = f"{link.title}; {link.missing} would fill it"
        reference = f" (refers to {link.event_id})" if link.event_id else ""
        return [f"{branch}- {link.kind}: {detail}{reference}"]
    word = link.integrity.replace("_", " ")
    head = f"{branch}{MARKS[link.integrity]} {word}  {link.kind}: {link.title}"
    when = f"{link.time:%Y-%m-%dT%H:%M:%SZ}" if link.time else ""
    lines = [head, f"      {when}  {link.identity}  {link.event_id}  {link.position}"]
    if link.reason:
        lines.append(
            f"      {link.reason}" + (f" [{link.place}]" if link.place else "")
        )
    if link.expected or link.actual:
        lines.append(f"      expected {link.expected}, found {link.actual}")
    return lines


def _times(link: Link) -> list[str]:
    """Return the three times of the decision, once somebody has verified them."""
    if link.attested_by is None:
        return []
    until = "by nobody else"
    if link.attested_at:
        until = f"not later than {link.attested_at:%Y-%m-%dT%H:%M:%SZ}"
    claimed, sealed = (
        f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "Not recorded"
        for moment in (link.time, link.sealed_at)
    )
    return [
        f"claimed {claimed}, sealed {sealed}, attested {until} ({link.attested_by})"
    ]


def _summary(chain: Chain) -> str:
    counts = {
        word: sum(
            link.integrity == word for link in chain.links if link.missing is None
        )
        for word in ("verified", "failed", "not_checked")
    }
    gaps = len(chain.missing)
    counted = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in counts.items())
    if chain.exit_code == 5:
        counted += "; verification failed: the evidence contradicts itself (alteration,"
        counted += " corruption or defect; not decided)"
    return f"{counted}; {gaps} not recorded"


def _is_error(link: Link, chain: Chain) -> bool:
    return chain.verified and link.missing is None and link.integrity != "verified"


def _error(link: Link) -> dict[str, object]:
    return {
        "id": "LDG-V002" if link.integrity == "failed" else "LDG-V005",
        "message": f"{link.kind}: {link.reason}",
        "place": link.place,
        "expected": link.expected,
        "actual": link.actual,
    }
