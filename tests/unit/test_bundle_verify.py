"""Bundles: honest ones hold, forged ones fail, and what is absent is only absent."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.bundle import Examined, examine_bundle, read_bundle, write_bundle
from ledger.bundle.contents import Contents, Place
from ledger.bundle.control_log import ControlLog
from ledger.bundle.layout import parse_files, readme, to_files
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalformedError
from ledger.events.ledger import KeyRevoked
from ledger.judgement import Judgement, Verdict
from ledger.keys import key_fingerprint
from ledger.note import parse_note
from ledger.policy import parse_policy
from ledger.public import OriginReader
from tests.support.bundles import (
    FOLDER,
    NAME,
    NOW_S,
    FixedLedger,
    Story,
    chain_events,
    golden,
    policy,
    tell,
)
from tests.support.ledgers import TIME_US, Stream, signer

MB = 1 << 20


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    token = (FOLDER / "token.der").read_bytes()
    return tell(tmp_path_factory.mktemp("story"), token=token)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The same ledger's keys, with another chain in it."""
    return tell(tmp_path_factory.mktemp("other"), suffix=" of another")


def check(
    story: Story, contents: Contents | Mapping[str, bytes], **given: Any
) -> Examined:
    files = to_files(contents) if isinstance(contents, Contents) else contents
    options: dict[str, Any] = {
        "policy": policy(),
        "ledger_id": story.ledger.ledger_id,
        "now_s": NOW_S,
    }
    return examine_bundle(dict(files), **options | given)


def failures(examined: Examined) -> list[str]:
    return [f"{s.name}: {s.detail}" for s in examined.steps if s.status != "verified"]


def changed(
    files: Mapping[str, bytes], name: str, at: int, bit: int = 1
) -> dict[str, bytes]:
    data = bytearray(files[name])
    data[at] ^= bit
    return {**files, name: bytes(data)}


# ---------------------------------------------------------------- honest bundles


@pytest.mark.parametrize("name", ["event", "decision", "range"])
def test_the_golden_bundles_hold(name: str) -> None:
    said = json.loads((FOLDER / f"{name}.json").read_text())
    examined = examine_bundle(
        read_bundle(FOLDER / said["file"]),
        policy=parse_policy(said["policy"]),
        ledger_id=bytes.fromhex(said["ledger_id"]),
        now_s=said["now_s"],
        tsa_roots=[said["tsa_root"].encode()],
    )
    assert examined.exit_code == said["exit"] == 0, failures(examined)
    assert [step.name[:1] for step in examined.steps] == list("123456789")
    assert "not later than 2026-09-21T14:13:41" in examined.steps[6].detail


def test_the_golden_bundles_are_what_the_script_writes() -> None:
    for name, data in golden().items():
        assert (FOLDER / name).read_bytes() == data, name
    assert (FOLDER / "README.txt").read_bytes() == readme()


def test_a_decision_leads_to_everything_behind_it(story: Story) -> None:
    examined = check(story, story.decision())
    assert examined.exit_code == 0, failures(examined)
    about: Any = examined.about
    assert about["summary"]["model_version"] == ["loans v1"]
    assert about["summary"]["approvals"] == ["production approve approval"]
    assert about["not_recorded"] == []
    roles = {row["role"]: row for row in about["events"]}
    assert roles["decision"]["fields"]["output"] == "refer"
    assert roles["approval"]["identity"] == "person:b"
    assert set(chain_events()) <= set(roles)


def test_a_bundle_gives_nothing_away_about_other_events(story: Story) -> None:
    data = write_bundle(to_files(story.decision()))
    shown = parse_files(read_bundle(data)).logs["p0"].events
    others = [e for e in shown if b"untold" in e.body]
    assert b"untold" not in data
    assert not others
    entry = story.ledger.collector().sources.entry("p0", 5)
    assert entry.seed not in data  # with it the salts of all siblings would follow


def test_the_claimed_sealed_and_attested_times_are_told_apart(story: Story) -> None:
    root = (FOLDER / "tsa-root.pem").read_bytes()
    known: Any = check(story, story.event(), tsa_roots=[root]).about
    row = known["subject"]
    assert row["claimed"] == "2026-09-21T14:13:20.000000Z"
    assert row["sealed"] == "2026-09-21T14:13:22.000000Z"
    assert row["attested"] == "not later than 2026-09-21T14:13:41.500000Z"
    unknown: Any = check(story, story.event()).about
    assert unknown["subject"]["attested"] == "not established: no TSA root given"
    assert unknown["subject"]["attested_not_later_than"] is None


@pytest.mark.parametrize(
    ("sealed_ms", "code"),
    [(-60_001, 5), (-60_000, 0), (60_000, 0), (60_001, 5)],
)
def test_the_time_of_sealing_is_bounded_on_both_sides(
    tmp_path: Path, sealed_ms: int, code: int
) -> None:
    """By the control log that a leaf rests on, and by the witnesses of its tree."""
    ledger = FixedLedger(tmp_path)
    stream = Stream(signer("a"))
    ledger.log.append(0, stream.open())
    now_ms, ledger.now_ms = ledger.now_ms, ledger.now_ms + sealed_ms
    value = next(ledger.log.read(0, 0)).value
    ledger.leaves[0] = [ledger.leaf(0, 0, value)]
    ledger.now_ms = now_ms
    ledger.publish(0, ledger.leaves[0])
    examined = check(Story(ledger, {}), ledger.collector().event(Place("p0", 0, 0)))
    assert examined.exit_code == code, failures(examined)


def test_without_a_manifest_the_attested_time_is_not_recorded(tmp_path: Path) -> None:
    ledger = FixedLedger(tmp_path)
    stream = Stream(signer("a"))
    for value in (stream.open(), stream.data()):
        ledger.log.append(0, value)
    ledger.seal()
    contents = ledger.collector().event(Place("p0", 1, 0))
    examined = check(Story(ledger, {}), contents)
    assert examined.exit_code == 0, failures(examined)
    assert "attested time not recorded" in examined.steps[6].detail


def test_a_policy_without_witnesses_says_what_it_does_not_prove(story: Story) -> None:
    examined = check(story, story.event(), policy=policy(witnesses=()))
    assert examined.exit_code == 0
    assert "proves nothing against its operator" in examined.steps[4].detail


def test_log_keys_that_the_policy_leaves_out_rest_on_the_ledger_id(
    story: Story,
) -> None:
    examined = check(story, story.event(), policy=policy(logs=False))
    assert examined.exit_code == 0
    assert "log key by the ledger id" in examined.steps[4].detail
    assert "log key by the policy" in check(story, story.event()).steps[4].detail


def test_a_range_says_that_it_is_complete_and_what_it_does_not_say(
    story: Story,
) -> None:
    examined = check(story, story.ledger.collector().range("p0", 0, 5))
    assert examined.exit_code == 0, failures(examined)
    assert "complete as recorded, positions 0–5" in examined.steps[-1].detail
    assert "says nothing about what was never logged" in examined.steps[-1].detail


def test_the_control_log_is_a_range_like_any_other(story: Story) -> None:
    for first in (0, 1):
        contents = story.ledger.collector().range("control", first, 2)
        examined = check(story, contents)
        assert examined.exit_code == 0, failures(examined)


def test_an_event_of_the_control_or_manifest_log_is_proved_too(story: Story) -> None:
    for place in (Place("control", 2, 0), Place("manifest", 1, 0)):
        contents = story.ledger.collector().event(place)
        examined = check(story, contents)
        assert examined.exit_code == 0, failures(examined)


def test_files_and_contents_are_inverses(story: Story) -> None:
    for contents in (story.decision(), story.ledger.collector().range("p0", 0, 3)):
        files = to_files(contents)
        assert parse_files(files) == contents
        assert to_files(parse_files(files)) == files


# ------------------------------------------------------------------ changed bytes


def test_no_changed_byte_of_any_file_passes(story: Story) -> None:
    root = (FOLDER / "tsa-root.pem").read_bytes()
    for contents, step in ((story.event(), 41), (story.decision(), 499)):
        files = to_files(contents)
        for name, data in files.items():
            for at in range(step % 5, len(data), step):
                forged = changed(files, name, at)
                examined = check(story, forged, tsa_roots=[root])
                assert examined.exit_code in {5, 6}, (name, at)


def test_a_cut_file_is_refused(story: Story) -> None:
    files = to_files(story.decision())
    for name, data in files.items():
        for kept in {0, 1, len(data) // 2, len(data) - 1}:
            examined = check(story, {**files, name: data[:kept]})
            assert examined.exit_code in {5, 6}, (name, kept)
        longer = check(story, {**files, name: data + b"\0"})
        assert longer.exit_code == 5, name


def test_an_absent_file_is_absent_or_leaves_the_rest_in_contradiction(
    story: Story,
) -> None:
    files = to_files(story.decision())
    codes = {
        name: check(story, {k: v for k, v in files.items() if k != name}).exit_code
        for name in files
    }
    # Without its token a bundle says less, and still says nothing wrong.
    assert codes.pop("manifest/checkpoint.tsr") == 0
    assert set(codes.values()) <= {5, 6}
    for name in ("bundle.json", "control/checkpoint", "p0/leaves.bin"):
        assert codes[name] == 6, name
    assert codes["partition.tlog-proof"] == 6
    assert {codes[name] for name in codes if name.startswith("schema/")} == {6}


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "p0/x",
        "p00/checkpoint",
        "schema/00.json",
        "report",
        "answer.json",
        "p7/e0/y",
    ],
)
def test_a_file_that_nothing_asks_for_is_refused(story: Story, name: str) -> None:
    examined = check(story, {**to_files(story.event()), name: b"1"})
    assert examined.exit_code in {5, 6}
    assert examined.exit_code == 5 or "checkpoint" in name


# ------------------------------------------------------------- swapped and forged


def test_parts_of_another_decision_are_refused(story: Story, other: Story) -> None:
    mine, theirs = to_files(story.decision()), to_files(other.decision())
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) == theirs.get(name) or name not in theirs:
            continue
        examined = check(story, {**mine, name: theirs[name]})
        assert examined.exit_code in {5, 6}, name
    log = {k: v for k, v in theirs.items() if k.startswith("p0/")}
    examined = check(story, {**mine, **log})
    assert examined.exit_code == 5


def test_another_ledger_is_refused(story: Story) -> None:
    examined = check(story, story.event(), ledger_id=bytes(32))
    assert examined.exit_code == 5
    assert any("another ledger" in text for text in failures(examined))


def test_another_log_key_in_the_policy_is_refused(story: Story) -> None:
    text = str(policy()).replace("/p0+", "/p9+")
    lines = [line for line in text.splitlines(keepends=True) if "/p9+" not in line]
    known = parse_policy("".join(lines))
    assert check(story, story.event(), policy=known).exit_code == 0  # genesis names it
    from ledger.note import log_vkey

    stranger = log_vkey(f"{NAME}/p0", signer("stranger").public_key)
    forged = replace(known, logs=(*known.logs, stranger))
    assert check(story, story.event(), policy=forged).exit_code == 5


def test_a_quorum_that_is_not_reached_is_only_absent(story: Story) -> None:
    examined = check(story, story.event(), policy=policy(quorum=3))
    assert examined.exit_code == 6


def test_an_old_checkpoint_is_told_by_its_age(story: Story) -> None:
    assert check(story, story.event(), max_age_s=90_000).exit_code == 0
    assert check(story, story.event(), max_age_s=60).exit_code == 6


def test_a_witness_from_the_future_is_refused(story: Story) -> None:
    now_s = TIME_US // 1_000_000 - 3_600
    assert check(story, story.event(), now_s=now_s).exit_code == 5


def test_an_unlinked_event_of_the_same_ledger_is_refused(story: Story) -> None:
    collector = story.ledger.collector()
    places = [place for label, place in story.places.items() if label != "decision"]
    stray = Place("p0", 5, 3)  # another decision of the same entry
    contents = collector.decision(story.places["decision"], [*places, stray])
    examined = check(story, contents)
    assert examined.exit_code == 5
    assert any("nothing leads to it" in text for text in failures(examined))


def test_an_event_bundle_shows_one_event(story: Story) -> None:
    draft = story.decision()
    contents = replace(draft, kind="event")
    assert check(story, contents).exit_code == 5


@pytest.mark.parametrize(
    "label", ["release", "deployment", "process attestation", "model version", "run"]
)
def test_a_missing_link_could_not_be_checked(story: Story, label: str) -> None:
    chain = [p for name, p in story.places.items() if name not in {"decision", label}]
    examined = check(
        story, story.ledger.collector().decision(story.places["decision"], chain)
    )
    # What hung on the missing link is left without anything that leads to it.
    assert examined.exit_code in {5, 6}
    assert any("referred to, and not in the bundle" in t for t in failures(examined))


def test_what_nobody_recorded_is_no_finding(story: Story) -> None:
    without = {"decision", "approval", "evaluation", "system", "dataset"}
    chain = [place for label, place in story.places.items() if label not in without]
    examined = check(
        story, story.ledger.collector().decision(story.places["decision"], chain)
    )
    assert examined.exit_code == 0, failures(examined)
    about: Any = examined.about
    assert about["not_recorded"] == ["approval", "evaluation"]


def test_a_wrong_digest_in_a_reference_is_refused(tmp_path: Path) -> None:
    ledger = FixedLedger(tmp_path)
    events = chain_events()
    altered = events["release"]._replace(
        body=events["release"].body.replace(b"r-v1", b"r-v2")
    )
    stream = Stream(signer("a"))
    labels = ["release", "deployment", "process attestation", "decision"]
    body = [altered, *(events[label] for label in labels[1:])]
    for value in (stream.open(), stream.data(*body)):
        ledger.log.append(0, value)
    ledger.seal()
    places = {label: Place("p0", 1, n) for n, label in enumerate(labels)}
    examined = check(Story(ledger, places), Story(ledger, places).decision())
    assert examined.exit_code == 5
    assert any("names another content" in text for text in failures(examined))


def test_a_hole_in_a_range_is_a_contradiction(story: Story) -> None:
    contents = story.ledger.collector().range("p0", 1, 4)
    part = contents.logs["p0"]
    without_record = {k: v for k, v in part.records.items() if k != 2}
    forged = replace(
        contents, logs={**contents.logs, "p0": replace(part, records=without_record)}
    )
    assert check(story, forged).exit_code == 5
    small = story.ledger.collector().range("p0", 1, 3)
    (whole,) = contents.ranges
    claimed = replace(small, ranges=(whole,))
    examined = check(story, claimed)
    assert examined.exit_code == 5
    huge = replace(small, ranges=(whole._replace(last=(1 << 53) - 1),))
    assert check(story, huge).exit_code == 5


def forged_leaf(
    story: Story, value: bytes, verdict: Verdict, pinned: int | None = None
) -> Contents:
    """An operator's lie: a leaf that says another verdict than the rules give."""
    ledger = story.ledger
    number = len(ledger.leaves[0])
    ledger.log.append(0, value)
    size = ledger.control.size if pinned is None else pinned
    leaf = ledger.leaf_of(Judgement(verdict), number, value, size)
    ledger.leaves[0].append(leaf)
    ledger.publish(0, [leaf])
    return ledger.collector().event(Place("p0", number, 0))


@pytest.fixture
def fresh(tmp_path: Path) -> tuple[Story, Stream]:
    """A ledger with one open stream."""
    ledger = FixedLedger(tmp_path)
    stream = Stream(signer("a"))
    ledger.log.append(0, stream.open())
    ledger.seal()
    return Story(ledger, {}), stream


def test_an_entry_signed_by_a_stranger_is_found(fresh: tuple[Story, Stream]) -> None:
    story, stream = fresh
    value = stream.data()
    forged = value[:180] + bytes(64) + value[244:]
    examined = check(story, forged_leaf(story, forged, Verdict.ACCEPTED))
    assert examined.exit_code == 5
    assert failures(examined)[0].startswith("3 signatures")


def test_an_entry_for_another_log_is_found(fresh: tuple[Story, Stream]) -> None:
    story, stream = fresh
    value = stream.data(log_id=bytes(32))
    examined = check(story, forged_leaf(story, value, Verdict.ACCEPTED))
    assert examined.exit_code == 5


def test_events_that_the_header_does_not_commit_to_are_found(
    fresh: tuple[Story, Stream],
) -> None:
    story, stream = fresh
    value = bytearray(stream.data())
    value[-1] ^= 1
    examined = check(story, forged_leaf(story, bytes(value), Verdict.ACCEPTED))
    assert examined.exit_code == 5
    assert any(text.startswith("2 events") for text in failures(examined))


def test_a_key_that_is_authorised_only_later_is_found(
    fresh: tuple[Story, Stream],
) -> None:
    story, stream = fresh
    contents = forged_leaf(story, stream.data(), Verdict.ACCEPTED, pinned=1)
    examined = check(story, contents)
    assert examined.exit_code == 5
    assert any("authorised after it was sealed" in text for text in failures(examined))


def revoke(ledger: FixedLedger, label: str, since: int | None) -> None:
    fact = KeyRevoked.record(
        id=b"r" * 16,
        time=TIME_US,
        key_fp=key_fingerprint(signer(label).public_key),
        compromised_since=since,
        reason="stolen",
    )
    ledger.operate(fact, label=f"revoke {label}")


def test_an_entry_of_a_revoked_key_is_found(fresh: tuple[Story, Stream]) -> None:
    story, stream = fresh
    revoke(story.ledger, "a", None)
    examined = check(story, forged_leaf(story, stream.data(), Verdict.ACCEPTED))
    assert examined.exit_code == 5
    assert any("its key was revoked" in text for text in failures(examined))


def control_of(ledger: FixedLedger) -> ControlLog:
    from ledger.note import log_vkey

    key = signer(f"log {NAME}/control").public_key
    reader = OriginReader(ledger.public, log_vkey(f"{NAME}/control", key))
    return ControlLog(ledger.control, reader.root_at)


def test_a_revocation_that_was_left_out_is_found_with_the_control_log(
    tmp_path: Path,
) -> None:
    story = tell(tmp_path / "told")
    before = story.event()
    assert check(story, before, control=control_of(story.ledger)).exit_code == 0
    revoke(story.ledger, "a", TIME_US)
    assert check(story, before).exit_code == 0  # it does not know of it
    examined = check(story, before, control=control_of(story.ledger))
    assert examined.exit_code == 13
    after = story.ledger.collector().event(story.places["decision"])
    assert check(story, after).exit_code == 13


def test_a_control_log_of_another_history_is_found(
    story: Story, tmp_path: Path
) -> None:
    ledger = FixedLedger(tmp_path, producers=[("service:c", signer("c").public_key)])
    examined = check(story, story.event(), control=control_of(ledger))
    assert examined.exit_code == 5


def test_what_was_sealed_before_a_window_is_not_suspect(tmp_path: Path) -> None:
    story = tell(tmp_path / "told")
    revoke(story.ledger, "a", story.ledger.now_ms * 1_000 + 1)
    assert check(story, story.event()).exit_code == 0


def test_a_suspect_window_is_told_and_nothing_more(tmp_path: Path) -> None:
    story = tell(tmp_path / "told")
    revoke(story.ledger, "a", TIME_US)
    examined = check(story, story.decision())
    assert examined.exit_code == 13
    about: Any = examined.about
    suspect = {row["role"]: row["suspect"] for row in about["events"]}
    assert suspect["decision"]
    assert not suspect["approval"]  # by another key


def test_a_verdict_other_than_accepted_proves_nothing(
    fresh: tuple[Story, Stream],
) -> None:
    story, stream = fresh
    from ledger.errors import IntegrityError

    with pytest.raises(IntegrityError, match="counts for nothing"):
        forged_leaf(story, stream.data(), Verdict.SEQ_GAP)


def test_a_manifest_of_another_history_is_refused(
    fresh: tuple[Story, Stream], story: Story
) -> None:
    """A second tree under the same log key, beside a manifest of the first."""
    second, stream = fresh
    for _ in range(7):
        second.ledger.log.append(0, stream.data())
    second.ledger.seal()
    contents, first = second.ledger.collector().event(Place("p0", 1, 0)), story.event()
    assert check(second, contents).exit_code == 0
    manifest = {
        "manifest": first.manifest,
        "manifest_proof": first.manifest_proof,
        "logs": {**contents.logs, "manifest": first.logs["manifest"]},
    }
    examined = check(second, replace(contents, **manifest))
    assert examined.exit_code == 5
    assert [text[:6] for text in failures(examined)] == ["7 time", "9 subj"]


def test_a_token_over_another_text_is_refused(story: Story) -> None:
    from tests.support.tsa import Authority

    contents = replace(story.event(), token=Authority().stamp(b"another text"))
    assert check(story, contents).exit_code == 5


def test_a_token_of_a_stranger_is_refused_once_roots_are_given(story: Story) -> None:
    from tests.support.tsa import Authority

    stranger = Authority()
    contents = replace(story.event(), token=stranger.stamp(story.ledger.manifest_text))
    assert check(story, contents).exit_code == 0
    root = (FOLDER / "tsa-root.pem").read_bytes()
    assert check(story, contents, tsa_roots=[root]).exit_code == 5
    assert check(story, contents, tsa_roots=[stranger.pem]).exit_code == 0


def test_a_checkpoint_of_another_log_is_refused(story: Story) -> None:
    contents = story.event()
    part = contents.logs["p0"]
    note = parse_note(contents.logs["control"].checkpoint).to_bytes()
    forged = replace(
        contents, logs={**contents.logs, "p0": replace(part, checkpoint=note)}
    )
    assert check(story, forged).exit_code == 5


# ------------------------------- what is absent hides nothing, and adds nothing


def absences() -> dict[str, dict[str, Any]]:
    """What may be lacking from outside: a witness, a young signature, a log key."""
    return {
        "a witness": {"policy": policy(quorum=3)},
        "age": {"max_age_s": 60},
        "age and witnesses": {"policy": policy(witnesses=()), "max_age_s": 60},
    }


def wrong_files(files: Mapping[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    for name in ("p0/leaves.proof", "control/leaves.proof", "p0/consistency.proof"):
        if name in files:
            yield name, {**files, name: bytes(len(files[name]))}
    for name in ("p0/checkpoint", "manifest/checkpoint"):
        yield f"log signature of {name}", spoiled_signature(files, name, 0)
        yield f"cosignature of {name}", spoiled_signature(files, name, 1)
    for name in ("partition.tlog-proof", "manifest.tlog-proof"):
        lines = files[name].split(b"\n")
        yield name, {**files, name: b"\n".join([*lines[:1], b"index 0", *lines[2:]])}
    yield "token", changed(files, "manifest/checkpoint.tsr", 60)
    yield "signature", changed(files, "p0/leaves.bin", 9 + 318)


def spoiled_signature(
    files: Mapping[str, bytes], name: str, line: int
) -> dict[str, bytes]:
    text, _, rest = files[name].partition(b"\n\n")
    lines = rest.splitlines(keepends=True)
    words = lines[line].split(b" ")
    blob = bytearray(b64decode(words[-1]))
    blob[-1] ^= 1
    words[-1] = b64encode(blob) + b"\n"
    lines[line] = b" ".join(words)
    return {**files, name: text + b"\n\n" + b"".join(lines)}


@pytest.mark.parametrize("what", absences())
def test_what_is_absent_outside_hides_no_contradiction(story: Story, what: str) -> None:
    files, lacking = to_files(story.event()), absences()[what]
    root = (FOLDER / "tsa-root.pem").read_bytes()
    examined = check(story, files, **lacking, tsa_roots=[root])
    assert examined.exit_code == 6
    assert {step.status for step in examined.steps} == {"verified", "not_checked"}
    open_steps = [s.name[:1] for s in examined.steps if s.status == "not_checked"]
    assert sorted(set(open_steps)) == ["5", "7", "9"]
    assert examined.about == {}
    for label, forged in wrong_files(files):
        found = check(story, forged, **lacking, tsa_roots=[root])
        assert found.exit_code == 5, (label, failures(found))


def test_a_missing_witness_does_not_hide_an_event_too_many(story: Story) -> None:
    contents = replace(story.decision(), kind="event")
    examined = check(story, contents, policy=policy(quorum=3))
    assert examined.exit_code == 5
    assert {s.name for s in examined.steps if s.status == "failed"} == {"9 event"}


def test_an_absent_file_does_not_hide_a_foreign_one(story: Story) -> None:
    files = to_files(story.decision())
    for name in files:
        less = {other: data for other, data in files.items() if other != name}
        for foreign in ("x", "p0/x", "report", "answer.json"):
            known = name != "bundle.json" or foreign in {"x", "p0/x"}
            found = check(story, {**less, foreign: b"1"})
            assert found.exit_code == (5 if known else 6), (name, foreign)


@pytest.mark.parametrize(
    "name", ["README.txt", "partition.tlog-proof", "control/checkpoint"]
)
def test_an_absent_file_does_not_hide_a_contradiction(story: Story, name: str) -> None:
    whole = to_files(story.event())
    less = {other: data for other, data in whole.items() if other != name}
    assert check(story, less).exit_code == 6
    for wrong in ("p0/leaves.proof", "p0/events.bin"):
        found = check(story, changed(less, wrong, len(less[wrong]) - 1))
        assert found.exit_code == 5, (wrong, failures(found))


def test_several_absent_files_are_each_named_and_contradict_nothing(
    story: Story,
) -> None:
    files = to_files(story.event())
    gone = {"README.txt", "partition.tlog-proof", "manifest.tlog-proof"}
    examined = check(story, {n: files[n] for n in files.keys() - gone})
    assert examined.exit_code == 6
    assert {s.place for s in examined.steps if s.status == "not_checked"} >= gone
    names = sorted(files)
    for first, one in enumerate(names):
        for other in names[first + 1 :]:
            kept = {name: files[name] for name in names if name not in {one, other}}
            if {"events.bin", "checkpoint.tsr"} & {
                name.rpartition("/")[2] for name in (one, other)
            }:
                continue  # leaves that nothing asks for, or a token that may lack
            # A proof that is absent says that no hash is needed, which is wrong here.
            is_proof = one.endswith(".proof") or other.endswith(".proof")
            codes = {5, 6} if is_proof else {6}
            assert check(story, kept).exit_code in codes, (one, other)


def test_a_log_of_which_nothing_is_enclosed_is_absent(story: Story) -> None:
    contents = story.ledger.collector().range("p0", 0, 3)
    for log in ("p0", "manifest", "control"):
        logs = {name: part for name, part in contents.logs.items() if name != log}
        examined = check(story, replace(contents, logs=logs))
        assert examined.exit_code == 6, (log, failures(examined))


def test_records_and_schemas_that_nothing_asks_for_are_refused(story: Story) -> None:
    contents, whole = story.event(), story.ledger.collector().range("control", 0, 2)
    records = {**contents.logs, "control": whole.logs["control"]}
    assert check(story, replace(contents, logs=records)).exit_code == 5
    schemas = story.decision().schemas
    unused = schemas.keys() - contents.schemas.keys()
    assert unused
    assert check(story, replace(contents, schemas=schemas)).exit_code == 5


# ------------------------------------------------------------------ hostile input


def hostile() -> Iterator[tuple[str, Callable[[dict[str, bytes]], dict[str, bytes]]]]:
    def with_json(text: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
        return lambda files: {**files, "bundle.json": text.encode()}

    yield "deep json", with_json("[" * 60_000)
    yield "large json", with_json('{"a":"' + "x" * 70_000 + '"}')
    yield "a number of many digits", with_json('{"kind":' + "9" * 5_000 + "}")
    yield "json of a list", with_json("[]")
    yield "json twice", with_json('{"format":"a","format":"b"}')
    yield "nan", with_json('{"format":"mlledger.bundle/1","kind":NaN}')
    yield "an odd kind", with_json('{"format":"mlledger.bundle/1","kind":["event"]}')
    place = '{"index":0,"leaf":%s,"log":"p0"}'
    front = '{"format":"mlledger.bundle/1","kind":"event","subject":'
    yield "a negative leaf", with_json(front + place % "-1" + "}")
    yield "a broken leaf", with_json(front + place % "1.0" + "}")
    yield "a leaf too many", with_json(front + place % str(1 << 60) + "}")
    yield "no leaf", with_json(front + place % "null" + "}")
    yield "white space", lambda f: {**f, "bundle.json": f["bundle.json"] + b"\n"}
    yield (
        "a huge record",
        lambda f: {
            **f,
            "p0/records.bin": bytes(8) + b"\xff" * 4 + b"1",
        },
    )
    yield (
        "a huge event",
        lambda f: {
            **f,
            "p0/events.bin": f["p0/events.bin"][:60] + b"\xff" * 4 + b"1",
        },
    )
    yield (
        "a huge leaf number",
        lambda f: {
            **f,
            "p0/leaves.bin": b"\xff" * 8 + f["p0/leaves.bin"][8:],
        },
    )
    yield "a huge token", lambda f: {**f, "manifest/checkpoint.tsr": bytes(MB)}
    yield "a huge note", lambda f: {**f, "p0/checkpoint": b"x" * (2 * MB)}
    yield "many hashes", lambda f: {**f, "p0/leaves.proof": bytes(MB)}
    yield "a huge tlog-proof", lambda f: {**f, "partition.tlog-proof": b"x" * MB}


@pytest.mark.parametrize(
    ("what", "forge"), list(hostile()), ids=[what for what, _ in hostile()]
)
def test_hostile_contents_are_refused(
    story: Story,
    what: str,
    forge: Callable[[dict[str, bytes]], dict[str, bytes]],
) -> None:
    files = forge(to_files(story.event()))
    examined = check(story, files)
    assert examined.exit_code == 5, (what, failures(examined))


def test_a_schema_that_is_none_is_refused(story: Story) -> None:
    from hashlib import sha256

    for text in (b"", b"{", b'"string"', b"[" * 100_000):
        name = f"schema/{sha256(text).hexdigest()}.json"
        examined = check(story, {**to_files(story.event()), name: text})
        assert examined.exit_code == 5


def test_no_entry_too_many_is_hidden_in_a_bundle(story: Story) -> None:
    """A leaf that nothing asks for could carry a message past its reader."""
    contents = story.event()
    part = contents.logs["p0"]
    more = story.ledger.leaves[0][1]
    leaves = dict(sorted({**part.leaves, 1: more}.items()))
    forged = replace(
        contents, logs={**contents.logs, "p0": replace(part, leaves=leaves)}
    )
    examined = check(story, forged)
    assert examined.exit_code == 5
    with pytest.raises(MalformedError):
        parse_files({**to_files(contents), "p0/extra": b""})


def test_a_log_named_otherwise_than_its_checkpoint_is_refused(story: Story) -> None:
    files = to_files(story.event())
    renamed = {name.replace("p0/", "p1/"): data for name, data in files.items()}
    assert check(story, renamed).exit_code in {5, 6}
    checkpoint, _ = parse_checkpoint(files["p0/checkpoint"])
    assert checkpoint == Checkpoint(f"{NAME}/p0", checkpoint.size, checkpoint.root)


# -------------------------------------------------------------------------- fuzzing


@given(
    name=st.integers(0, 1_000),
    at=st.floats(0, 1),
    cut=st.integers(0, 40),
    put=st.binary(max_size=40),
)
def test_whatever_is_done_to_a_file_ends_in_an_answer(
    story: Story, name: int, at: float, cut: int, put: bytes
) -> None:
    """Bytes are taken out and put in anywhere; nothing but an exit code comes of it."""
    files = to_files(story.event())
    chosen = sorted(files)[name % len(files)]
    data = files[chosen]
    start = int(at * len(data))
    forged = data[:start] + put + data[start + cut :]
    examined = check(story, {**files, chosen: forged})
    assert examined.exit_code in {0, 5, 6}
    assert examined.exit_code != 0 or forged == data or chosen.endswith(".tsr")
