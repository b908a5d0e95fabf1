"""Answers asked anew, absences and time stamps: the page and the package agree."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle import examine_bundle, read_bundle, write_bundle
from ledger.bundle.rows import format_rows
from ledger.errors import LedgerError
from ledger.note import parse_note
from ledger.page_builder import build_page
from ledger.policy import parse_policy
from ledger.timestamp import verify_imprint, verify_token
from projections.replay.answering import replayed
from tests.support import answers
from tests.support.browser_verify import Case, open_page, run_many, verify_cases
from tests.support.bundles import FOLDER, data_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
QUESTIONS = ("Q01", "Q02", "Q05", "Q06")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file: Path = tmp_path_factory.mktemp("page") / "verify.html"
    file.write_text(build_page(), encoding="utf-8")
    with open_page(file) as opened:
        yield opened
        assert opened.complaints == []


def golden(name: str, bundle: bytes | None = None) -> Case:
    told = json.loads((FOLDER / f"{name}.json").read_text())
    return Case(
        bundle or (FOLDER / told["file"]).read_bytes(),
        policy=told["policy"],
        ledger_id=bytes.fromhex(told["ledger_id"]),
        now_s=told["now_s"],
        roots=told["tsa_root"],
    )


def by_package(case: Case) -> int:
    try:
        return examine_bundle(
            read_bundle(case.bundle),
            policy=parse_policy(case.policy),
            ledger_id=case.ledger_id,
            now_s=case.now_s or 0,
            tsa_roots=[(case.roots or "").encode()],
            replay=replayed,
        ).exit_code
    except LedgerError as error:
        return error.exit_code


def codes(page: Any, cases: Mapping[str, Case]) -> dict[str, int]:
    """Exit codes of the package, which must be those of the page as well."""
    found = {label: by_package(case) for label, case in cases.items()}
    verdicts = verify_cases(page, list(cases.values()))
    shown = dict(zip(cases, (verdict.exit for verdict in verdicts), strict=True))
    assert shown == found
    return found


def with_rows(name: str, change: Callable[[Rows], object]) -> Case:
    files = dict(read_bundle(golden(name).bundle))
    rows = json.loads(files["answer.json"])
    change(rows)
    return golden(name, write_bundle({**files, "answer.json": format_rows(rows)}))


def test_questions_are_answered_alike_at_every_moment(page: Any, tmp_path: Path):
    made = answers.golden(tmp_path)
    cases = {
        name: golden("Q01", bundle=data_of(contents))
        for name, contents in made.items()
        if name not in QUESTIONS  # those are vectors
    }
    assert set(codes(page, cases).values()) == {0}


def changed(name: str) -> Iterator[tuple[str, Case]]:
    """Some values of the last row of an answer, each another one."""
    rows = json.loads(dict(read_bundle(golden(name).bundle))["answer.json"])
    columns = random.Random(name).sample(sorted(rows[-1]), 3)
    for column in columns:
        other = None if rows[-1][column] else True
        yield (
            column,
            with_rows(name, lambda rows, c=column, o=other: rows[-1].update({c: o})),
        )


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_altered_row_is_a_contradiction_in_both(page: Any, name: str):
    cases = dict(changed(name))
    if name == "Q05":
        for part in ("refusals", "unreadable"):
            cases[f"{part} left out"] = with_rows(name, lambda r, p=part: r[0][p].pop())
        for part in ("streams", "conflicts"):
            cases[f"{part} altered"] = with_rows(
                name, lambda r, p=part: r[0][p][0].update(dict.fromkeys(r[0][p][0], 7))
            )
    if name == "Q01":
        cases["fields altered"] = with_rows(
            name, lambda r: r[0]["fields"].update(output="accept")
        )
    cases["left out"] = with_rows(name, lambda rows: rows.pop())
    cases["twice"] = with_rows(name, lambda rows: rows.append(rows[-1]))
    assert set(codes(page, cases).values()) == {5}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_kept_away_from_an_answer_is_found_in_both(page: Any, name: str):
    files = dict(read_bundle(golden(name).bundle))
    about = json.loads(files["bundle.json"])
    records = files["p0/records.bin"]
    first = 12 + int.from_bytes(records[8:12], "big")
    cases = {
        "a record": {**files, "p0/records.bin": records[first:]},
        "the log": {k: v for k, v in files.items() if not k.startswith("p0/")},
        "the rows": {k: v for k, v in files.items() if k != "answer.json"},
        "a parameter": {**files, "bundle.json": _about(about, {"colour": "red"})},
        "a form": {**files, "bundle.json": _about(about, {"as_of": "yesterday"})},
        "its spelling": {**files, "answer.json": files["answer.json"] + b" "},
    }
    made = {
        what: golden(name, write_bundle(changed)) for what, changed in cases.items()
    }
    assert codes(page, made) == {
        "a record": 5,
        "the log": 6,
        "the rows": 6,
        "a parameter": 5,
        "a form": 5,
        "its spelling": 5,
    }


def _about(about: dict[str, Any], more: dict[str, str]) -> bytes:
    changed = {**about, "parameters": {**about["parameters"], **more}}
    return json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", ["Q01", "Q06"])
def test_columns_that_are_added_are_named_and_not_checked(page: Any, name: str):
    def add(rows: Rows) -> None:
        for row in rows:
            row["mandate_valid"] = True
            if name == "Q01" and row["fields"]:
                row["fields"]["weather"] = "fair"

    case = with_rows(name, add)
    assert by_package(case) == 0
    (verdict,) = verify_cases(page, [case])
    assert verdict.exit == 0
    said = "not replayed: mandate_valid" + (", weather" if name == "Q01" else "")
    assert verdict.step(9)["detail"].endswith(said)


def test_what_is_absent_hides_no_foreign_file_in_either(page: Any):
    files = dict(read_bundle(golden("event").bundle))
    foreign = ("x", "p0/checkpoint.tsr", "control/e1/checkpoint")
    cases: dict[str, Case] = {}
    for name in files:
        less = {other: data for other, data in files.items() if other != name}
        cases[name] = golden("event", write_bundle(less))
        for other in foreign:
            made = write_bundle({**less, other: b"1"})
            cases[f"{name}, {other}"] = golden("event", made)
    found = codes(page, cases)
    assert {found[label] for label in cases if ", " in label} == {5}
    assert found["README.txt"] == found["bundle.json"] == 6


def test_two_absences_or_one_and_an_altered_byte_get_the_same_code(page: Any):
    files, draw = dict(read_bundle(golden("event").bundle)), random.Random(23)
    cases: dict[str, Case] = {}
    for number in range(30):
        gone, other = draw.sample(sorted(files), 2)
        less = {name: data for name, data in files.items() if name != gone}
        data = bytearray(less.pop(other))
        if number % 2:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            less[other] = bytes(data)
        cases[f"{number} {gone} {other}"] = golden("event", write_bundle(less))
    assert set(codes(page, cases).values()) <= {5, 6}


TOKEN = """async (one, parts) => {
  const token = parts.parseToken(parts.parseBase64(one.token));
  await parts.verifyImprint(token, new TextEncoder().encode(one.text));
  if (one.root) await parts.verifyToken(token, parts.readRoots(one.root));
  return `${token.timeMs} ${token.accuracyMs}`;
}"""


@pytest.mark.parametrize("root", ["", "root"])
def test_a_flipped_byte_of_a_token_gets_the_same_answer_with_and_without_roots(
    page: Any, root: str
):
    token = (FOLDER / "token.der").read_bytes()
    note = read_bundle(golden("event").bundle)["manifest/checkpoint"]
    text, draw = parse_note(note).text, random.Random(5)
    roots = (FOLDER / "tsa-root.pem").read_text() if root else ""
    tokens = list[bytes]()
    for place in range(draw.randrange(4), len(token), 4):
        flipped = bytearray(token)
        flipped[place] ^= 1 << draw.randrange(8)
        tokens.append(bytes(flipped))

    def said(data: bytes) -> str | None:
        try:
            found = (
                verify_token(data, text.encode(), roots=[roots.encode()])
                if roots
                else verify_imprint(data, text.encode())
            )
        except LedgerError:
            return None
        return f"{found.time_ms} {found.accuracy_ms}"

    given = [
        {"token": b64encode(data).decode(), "text": text, "root": roots}
        for data in tokens
    ]
    shown = [answer["value"] for answer in run_many(page, TOKEN, given)]
    assert shown == [said(data) for data in tokens]
