"""docs/format.md says what the code does: lists, codes, limits and vectors compared."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from ledger import authority, entry, note, packing, policy, policy_lines, timestamp
from ledger.endorsement import STATEMENT_TYPE
from ledger.header import PAYLOAD_TYPE
from ledger.judgement import Verdict
from ledger.keys import LOW_ORDER_ENCODINGS
from ledger.statements import STATEMENTS
from ledger.transitions import NAME_PATTERN, TRANSITIONS
from projections.integrity.leaves import WORDS
from projections.replay.columns import APPROVAL, DEPLOYMENT, FIELDS, RANGE

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## [^\n]*{title}[^\n]*\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    assert found, title
    return found[1]


def test_the_refused_encodings_are_those_of_the_code():
    listed = re.findall(r"^    ([0-9a-f]{64})$", section("Strict Ed25519"), re.M)
    assert sorted(map(bytes.fromhex, listed)) == sorted(LOW_ORDER_ENCODINGS)


def test_the_columns_of_answers_are_those_that_are_replayed():
    text = section("Answers asked anew")
    table = text.partition("| Kind | Types | Columns |")[2].partition("\n\n")[0]
    listed = dict(re.findall(r"^\| ([a-z ]+) \| `[^|]+` \| ([^|]+) \|$", table, re.M))
    requests = listed.pop("approval request")
    assert requests == "system_id object^ gate content_digest=digest requested_of"
    assert listed == dict(FIELDS)
    page = (ROOT / "ledger" / "page" / "facts.mjs").read_text(encoding="utf-8")
    assert all(f'"{columns}"' in page for columns in listed.values())
    for columns in (*RANGE.values(), DEPLOYMENT, APPROVAL):
        for name in columns.split():
            assert f"`{name}`" in text or f" {name} " in text, name


def test_the_words_of_verdicts_are_those_of_answers():
    text = section("Answers asked anew")
    told = {
        int(number): words
        for row in re.findall(r"^(\| [12][0-9] \| .*)$", text, re.M)
        for number, words in re.findall(r"([12][0-9]) \| ([a-z][^|]+?) \|", row)
    }
    assert told == {v: w for v, w in WORDS.items() if 16 <= v < 64}


def test_every_built_in_schema_stands_with_its_id():
    listed = dict(
        re.findall(r"^\| `(ledger\.[a-z_.]+)` \| `([0-9a-f]{64})` \|$", TEXT, re.M)
    )
    published = {
        f"ledger.{file.name.removesuffix('.v1.avsc')}": sha256(
            file.read_bytes()
        ).hexdigest()
        for file in (ROOT / "schemas" / "ledger").glob("*.avsc")
    }
    assert listed == published


def test_every_verdict_stands_with_its_number():
    listed = re.findall(r"^\| (\d+) \| ([A-Z_0-9]+) \|", section("verdicts"), re.M)
    assert {(int(number), name) for number, name in listed} == {
        (verdict.value, verdict.name) for verdict in Verdict
    }


def test_limits_and_contexts_are_those_of_the_code():
    for number in (
        packing.MAX_VALUE,
        packing.MAX_EVENT,
        note.MAX_NOTE,
        timestamp.MAX_TOKEN,
        policy_lines.MAX_TEXT,
        policy_lines.MAX_LOGS,
    ):
        assert f"{number:,}" in TEXT
    assert f"1 to {entry.MAX_EVENTS}" in TEXT
    assert f"1 to {note.MAX_SIGNATURES} signature lines" in TEXT
    assert f"more than {policy.MAX_SKEW_S} s ahead" in TEXT
    assert f"{policy_lines.MAX_OTHERS} witnesses" in TEXT
    assert f"^{NAME_PATTERN.pattern}$" in TEXT
    assert PAYLOAD_TYPE in TEXT
    assert STATEMENT_TYPE in TEXT


def test_every_change_of_the_control_log_is_described():
    control = section("The control log")
    for name in (*TRANSITIONS, *STATEMENTS):
        assert f"| `{name.removeprefix('ledger.')}` |" in control, name
    for patterns in (authority.OPERATOR_TYPES, authority.MANIFEST_TYPES):
        for pattern in patterns:
            assert f"`{pattern.removeprefix('mlledger.')}`" in control, pattern
    for pattern in authority.PERSON_TYPES:
        assert f"`{pattern.removeprefix('mlledger.')}`" in control, pattern


def test_every_folder_of_vectors_is_explained():
    listed = re.findall(r"^\| `([a-z]+)` \|", section("Vectors"), re.M)
    folders = (ROOT / "tests" / "vectors").iterdir()
    assert sorted(listed) == sorted(item.name for item in folders if item.is_dir())
