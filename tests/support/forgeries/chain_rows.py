"""Bundles whose chain, report, manifest or time stamp speaks of something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from ledger.bundle.contents import Place
from ledger.entry import EncodedEvent
from tests.support.browser_verify import Case
from tests.support.bundles import FixedLedger, Story, chain_events, fixed_id, made
from tests.support.forgeries.bundle_base import BUNDLE, Bundles, open_stream
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import bundles
from tests.support.ledgers import Stream, signer
from tests.support.tsa import Authority

Events = dict[str, EncodedEvent]


def told(it: Bundles, change: Callable[[Events], None]) -> Case:
    """A chain of two events that refer to each other as somebody likes."""
    ledger = FixedLedger(it.new_folder())
    events = chain_events()
    change(events)
    stream = Stream(signer("a"))
    labels = ["release", "deployment", "process attestation", "decision"]
    for value in (stream.open(), stream.data(*(events[label] for label in labels))):
        ledger.log.append(0, value)
    ledger.seal()
    places = {label: Place("p0", 1, n) for n, label in enumerate(labels)}
    return it.case(Story(ledger, places).decision())


def other_content(events: Events) -> None:
    """The release that is enclosed is another one than the deployment named."""
    release = events["release"]
    events["release"] = release._replace(body=release.body.replace(b"r-v1", b"r-v2"))


def other_release(events: Events) -> None:
    """The decision names a release that its deployment did not serve."""
    other = chain_events(" of another")
    events["release"] = other["release"]
    events["decision"] = made(
        "prediction.decision.recorded",
        "decision",
        release=fixed_id("release of another"),
        deployment=fixed_id("deployment"),
        attestation=fixed_id("process attestation"),
        path="model",
        mode="advisory",
        output="refer",
    )


def other_token(it: Bundles) -> Case:
    return it.case(replace(it.event, token=Authority().stamp(b"another text")))


def stranger_token(it: Bundles) -> Case:
    text = it.story.ledger.manifest_text
    return it.case(replace(it.event, token=Authority().stamp(text)))


def expired_token(it: Bundles) -> Case:
    """A token whose certificate had ended when it says it was made."""
    authority = Authority()
    at = authority.not_after + timedelta(days=2)
    token = authority.stamp(it.story.ledger.manifest_text, at=at)
    return it.case(replace(it.event, token=token), roots=authority.pem.decode())


def other_manifest(it: Bundles) -> Case:
    """The manifest of the first history beside the tree of a second one."""
    story, stream = open_stream(it)
    for _ in range(7):
        story.ledger.log.append(0, stream.data())
    story.ledger.seal()
    contents, first = story.ledger.collector().event(Place("p0", 1, 0)), it.event
    logs = {**contents.logs, "manifest": first.logs["manifest"]}
    manifest = {"manifest": first.manifest, "manifest_proof": first.manifest_proof}
    return it.case(replace(contents, logs=logs, **manifest))


def other_report(it: Bundles) -> Case:
    """A report whose bytes are not those that were issued."""
    ledger = FixedLedger(it.new_folder())
    stream = Stream(signer("a"))
    issued = made(
        "governance.report.issued",
        "report",
        report="R5",
        media_type="application/json",
        digest=f"sha256:{sha256(b'{}').hexdigest()}",
    )
    for value in (stream.open(), stream.data(issued)):
        ledger.log.append(0, value)
    ledger.seal()
    contents = ledger.collector().report(Place("p0", 1, 0), b"{}")
    return it.case(replace(contents, report=b'{"rows":[]}'))


def row(by: str, title: str, forge: Callable[[Bundles], Case], place: str) -> Row:
    return Row(by, title, bundles, forge, BUNDLE, "5", place)


TOKEN = "step 7 manifest/checkpoint.tsr"
ROWS = [
    row(
        "P",
        "a reference to a release of other content",
        lambda it: told(it, other_content),
        "step 9 p0 leaf 1 event 1",
    ),
    row(
        "P",
        "a decision by a release that was not deployed",
        lambda it: told(it, other_release),
        "step 9 release of the deployment",
    ),
    row("S", "a time stamp over another text", other_token, TOKEN),
    row("S", "a time stamp by a stranger", stranger_token, TOKEN),
    row("S", "a time stamp by an ended certificate", expired_token, TOKEN),
    row(
        "S",
        "a manifest of another history",
        other_manifest,
        "step 7 p0/consistency.proof",
    ),
    row("VO", "a report altered after it was issued", other_report, "step 9 report"),
]
