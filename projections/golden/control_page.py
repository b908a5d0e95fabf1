"""The page that lists every control: what it means, what to do, what fault proves it.

It is made from the descriptions of the rules and of their seeded faults, and a test
keeps it equal. Make it anew with::

    python -m projections.golden.control_page docs/controls.md
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from projections.controls.rule_text import rule_text
from projections.controls.rulebook import rules
from projections.golden.faults import cases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.controls.rulebook import Rule

_HEAD = """\
# Controls

Each control is a query over what is recorded, in both times: what was true at a moment,
as far as it was known at another. It returns every object that it tested, so that a
control that finds nothing also says what it looked at. `mlledger control run` evaluates
them, and a worker does so once a day; every evaluation is an event
(`control.check.completed`), and so is every finding and every change of a rule.

Controls apply to release candidates, releases and deployments: a run that feeds none of
them is never a finding. Deployments in environments registered as development, ci,
training or test are left out, by each control that names them under "Leaves out": what
is made and tried there decides about nobody, and changes all day. So two champions in a
test environment are no finding, nor is a version on withdrawn data that runs there
alone, once it is no candidate any more; `mlledger query Q08` and `mlledger deployment
ls --env` list such deployments, and whether they must go is for people to say. An
environment that nobody registered is not left out, and a withdrawn release that goes on
deciding is found wherever it does. A breach that a recorded exception covers
(`governance.exception.granted` with the id of the control as its policy) is no finding
until the exception expires or ends.

A breach opens a finding, once: the same breach has the same key at every check.
Somebody takes it on (`mlledger finding ack`: owner, day), and it is closed with a
reason and what shows it: by a person, or by the check that no longer finds it
(`stopped`: it no longer happens; `declared`: what was missing is recorded now;
`accepted_risk`: an exception covers it until its end). One that comes back is opened
again. A false positive stays closed, an accepted risk until its day. Who closed a
finding is shown, and whether that was its owner. Findings of validators, auditors,
examiners and incidents live the same life in the same register (`mlledger finding
open`).

`mlledger control set` changes a control's parameters, for all systems or for one, or
switches it off; every such change is an event with its reason, and so is a new version
of a control's files. A control that was not evaluated for longer than it may wait, or
could not be evaluated, is a finding too.

For every control there are two short stories: one with a fault seeded in it, which the
control must find, and a clean twin, in which no control at all may find anything.
`mlledger control table` tells them all into one ledger and prints what was found.

Provisions name what a control serves as evidence; a control does not show that a
provision is met. Those whose text was not read in an official source are marked "(not
checked at source)"; the EU AI Act was read as published in 2024, without the amendments
of 2026. None of this is legal advice.

| control | severity | looks for |
|---|---|---|
"""


_MARK = "('development', 'ci', 'training', 'test')"
_LEFT_OUT = "what runs in environments for development, ci, training or test alone"


def control_page() -> str:
    """Return the page, in Markdown."""
    stories = {case.key: _sentence(case.tell.__doc__) for case in cases()}
    known = rules()
    lines = [
        f"| [{name}](#{name}) | {rule.severity} | {rule.title} |"
        for name, rule in known.items()
    ]
    parts = [_part(rule, stories) for rule in known.values()]
    return _HEAD + "\n".join(lines) + "\n\n" + "\n".join(parts)


def _part(rule: Rule, stories: Mapping[str, str]) -> str:
    parameters = ", ".join(f"`{key}` = {one}" for key, one in rule.parameters.items())
    facts = {
        "Severity": rule.severity,
        "Tests": rule.object.replace("_", " "),
        "Parameters": parameters or "none",
        "Serves": "; ".join(rule.provision) or "good practice",
        "Seeded fault": stories.get(f"{rule.id}.fault", "none"),
        "Clean twin": stories.get(f"{rule.id}.twin", "none"),
    }
    if _MARK in rule_text(rule.id):
        facts["Leaves out"] = _LEFT_OUT
    told = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return (
        f"## {rule.id}\n\n{rule.title}.\n\n"
        f"**What it means.** {rule.means}\n\n**What to do.** {rule.do}\n\n{told}\n"
    )


def _sentence(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").strip().partition("\n")[0]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(control_page(), encoding="utf-8")
