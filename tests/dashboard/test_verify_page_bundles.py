"""The page and ``mlledger verify bundle`` give the same answer on the same bundle."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MethodType
from typing import Any

import pytest

from ledger.bundle import examine_bundle, read_bundle, write_bundle
from ledger.bundle.contents import Place
from ledger.bundle.layout import to_files
from ledger.codec import encode
from ledger.endorsement import endorse
from ledger.entry import EncodedEvent
from ledger.errors import LedgerError
from ledger.events.base import event_class
from ledger.judgement import Judgement, Verdict
from ledger.keys import key_fingerprint
from ledger.log import CONTROL
from ledger.note import log_vkey
from ledger.page_builder import build_page
from ledger.policy import parse_policy
from projections.replay.answering import replayed
from tests.conftest import ROOT, absent
from tests.support.browser_verify import (
    BrowserVerdict,
    Case,
    open_browser,
    open_page,
    verify_cases,
)
from tests.support.bundles import (
    LOGS,
    NOW_S,
    FixedLedger,
    Stream,
    chain_events,
    fixed_id,
    policy_text,
    tell,
)
from tests.support.ledgers import NAME, TIME_US, decision, signer

pytestmark = [pytest.mark.browser]
GOLDEN = ROOT / "tests" / "vectors" / "bundle"
NAMES = sorted(file.stem for file in GOLDEN.glob("*.json"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page") / "verify.html"
    made.write_text(build_page(), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def page(browser: Any, file: Path) -> Iterator[Any]:
    with open_page(file, browser) as opened:
        yield opened
        assert opened.asked == [file.as_uri()], "the page asked for something"
        assert opened.complaints == []


def golden(name: str, **changes: Any) -> Case:
    told = json.loads((GOLDEN / f"{name}.json").read_text())
    fields = {
        "bundle": (GOLDEN / told["file"]).read_bytes(),
        "policy": told["policy"],
        "ledger_id": bytes.fromhex(told["ledger_id"]),
        "now_s": told["now_s"],
        "roots": told["tsa_root"],
    }
    return Case(**fields | changes)


def by_package(case: Case) -> tuple[int, list[Any]]:
    """Exit code and steps of the package; no steps where it cannot read the file."""
    assert case.now_s is not None
    try:
        examined = examine_bundle(
            read_bundle(case.bundle),
            policy=parse_policy(case.policy),
            ledger_id=case.ledger_id,
            now_s=case.now_s,
            tsa_roots=[case.roots.encode()] if case.roots else (),
            max_age_s=case.max_age_s,
            control=None,
            replay=replayed,
        )
    except LedgerError as error:
        return error.exit_code, []
    return examined.exit_code, list(examined.steps)


def compare(page: Any, cases: Mapping[str, Case]) -> dict[str, BrowserVerdict]:
    """Fail for each case in which page and package differ; return the page's."""
    found = dict(zip(cases, verify_cases(page, list(cases.values())), strict=True))
    wanted = {label: by_package(case)[0] for label, case in cases.items()}
    differing = {
        label: (wanted[label], verdict.exit, verdict.steps)
        for label, verdict in found.items()
        if wanted[label] != verdict.exit
    }
    assert differing == {}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_bundle_has_its_exit_code_and_nine_steps(page: Any, name: str):
    wanted = json.loads((GOLDEN / f"{name}.json").read_text())["exit"]
    case = golden(name)
    (verdict,) = verify_cases(page, [case])
    code, steps = by_package(case)
    assert verdict.exit == wanted == code
    assert [step["number"] for step in verdict.steps] == list(range(1, 10))
    assert [f"{step['number']} {step['name']}" for step in verdict.steps] == [
        step.name for step in steps
    ]


def test_three_times_stand_beside_the_decision(page: Any):
    (verdict,) = verify_cases(page, [golden("decision")])
    times = verdict.answer["subject"]["times"]
    assert times["claimed"].startswith("2026-09-21T14:13:20")
    assert times["sealed"].startswith("2026-09-21T14:13:2")
    assert times["attested"].startswith("2026-09-21T14:13:4")
    assert times["attestedBy"] == "CN=test tsa"
    (bare,) = verify_cases(page, [golden("decision", roots=None)])
    assert bare.exit == 0
    attested = bare.answer["subject"]["times"]["attested"]
    assert attested == "not established: no TSA root given"


def test_what_is_given_from_outside_decides(page: Any):
    now = golden("event").now_s
    assert now is not None
    cases = {"another ledger": golden("event", ledger_id=bytes(32))}
    policies = {
        "quorum of three": {"quorum": 3},
        "quorum of one": {"quorum": 1},
        "no logs": {"logs": False},
        "no witnesses": {"witnesses": ()},
        "a stranger witness": {"witnesses": ("west",), "quorum": 1},
    }
    for label, options in policies.items():
        cases[label] = golden("event", policy=policy_text(**options))
    for age in (0, 86_000, 86_390, 86_400, 90_000):
        cases[f"age {age}"] = golden("event", max_age_s=age)
    cases["age without witnesses"] = golden(
        "event", policy=policy_text(witnesses=()), max_age_s=9
    )
    for early in (86_300, 86_400, 86_455, 86_460, 86_470, 90_000):
        cases[f"clock {early} s earlier"] = golden("event", now_s=now - early)
    found = compare(page, cases)
    codes = {label: verdict.exit for label, verdict in found.items()}
    assert codes["another ledger"] == 5
    assert codes["quorum of three"] == 6
    assert codes["no logs"] == 0
    assert codes["clock 90000 s earlier"] == 5
    assert codes["age 0"] == 6
    none = found["no witnesses"].step(5)["detail"]
    assert "proves nothing against its operator" in none


def alterations(files: Mapping[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    draw = random.Random(7)
    for name, data in sorted(files.items()):
        without = {other: files[other] for other in files if other != name}
        place = draw.randrange(len(data.partition(b"\n\n")[0]))
        flipped = bytearray(data)
        flipped[place] ^= 1 << draw.randrange(8)
        yield f"{name} absent", without
        yield f"{name} twice", {**files, f"x{name}": data}
        for how, changed in (
            ("longer", data + b"\0"),
            ("empty", b""),
            (f"flipped at {place}", bytes(flipped)),
        ):
            yield f"{name} {how}", {**files, name: changed}


@pytest.mark.parametrize(("name", "which"), [("event", ""), ("range", "p0/records")])
def test_an_altered_file_in_a_canonical_bundle_gets_the_same_code(
    page: Any, name: str, which: str
):
    cases = {
        label: golden(name, bundle=write_bundle(files))
        for label, files in alterations(read_bundle(golden(name).bundle))
        if label.startswith(which)
    }
    found = compare(page, cases)
    assert {verdict.exit for verdict in found.values()} <= {0, 5, 6}
    # Only what a bundle may lack leaves it valid: a token.
    whole = [label for label, verdict in found.items() if verdict.exit == 0]
    assert whole == ([] if which else ["manifest/checkpoint.tsr absent"])


def test_any_changed_byte_of_the_file_is_refused(page: Any):
    data = golden("event").bundle
    draw = random.Random(11)
    places = [*range(0, 40, 3), *(draw.randrange(len(data)) for _ in range(30))]
    cases: dict[str, Case] = {}
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << draw.randrange(8)
        cases[f"byte {place}"] = golden("event", bundle=bytes(changed))
    for label, other in (
        ("shorter", data[:-1]),
        ("longer", data + b"\0"),
        ("nothing", b""),
        ("a prefix", b"PK" + data),
        ("half", data[: len(data) // 2]),
    ):
        cases[label] = golden("event", bundle=other)
    found = compare(page, cases)
    assert {verdict.exit for verdict in found.values()} == {5}


def test_a_missing_witness_does_not_hide_a_contradiction(page: Any):
    files = dict(read_bundle(golden("event").bundle))
    files["p0/leaves.proof"] = bytes(len(files["p0/leaves.proof"]))
    case = golden("event", bundle=write_bundle(files), policy=policy_text(quorum=3))
    (verdict,) = verify_cases(page, [case])
    assert verdict.exit == 5


def test_what_is_absent_hides_no_contradiction_in_either(page: Any):
    files = dict(read_bundle(golden("event").bundle))
    lacking: dict[str, dict[str, Any]] = {
        "witness": {"policy": policy_text(quorum=3)},
        "age": {"max_age_s": 60},
    }
    names = ("p0/leaves.proof", "control/leaves.proof", "partition.tlog-proof")
    cases: dict[str, Case] = {}
    for label, given in lacking.items():
        cases[label] = golden("event", **given)
        for name in names:
            wrong = write_bundle({**files, name: bytes(len(files[name]))})
            cases[f"{label}, {name}"] = golden("event", bundle=wrong, **given)
    for name in ("p0/leaves.bin", "partition.tlog-proof", "manifest/checkpoint"):
        less = {other: data for other, data in files.items() if other != name}
        cases[name] = golden("event", bundle=write_bundle(less))
        foreign = write_bundle({**less, "x": b"1"})
        cases[f"{name}, x"] = golden("event", bundle=foreign)
    codes = {label: verdict.exit for label, verdict in compare(page, cases).items()}
    assert codes == {label: 5 if ", " in label else 6 for label in cases}


def stated(name: str, /, **fields: Any) -> Any:
    cls: Any = event_class(name)
    return cls.record(**{"id": fixed_id(f"{name} {fields}"), "time": TIME_US} | fields)


def fingerprint(label: str) -> bytes:
    return key_fingerprint(signer(label).public_key)


def seal_one(ledger: FixedLedger, key: str, *, approval: bool = False) -> bytes:
    """Let a key write one event into p0, and return the bundle of it."""
    stream = Stream(signer(key), stream_id=b"z" * 16)
    event = chain_events()["approval"] if approval else decision()
    ledger.log.append(0, stream.open())
    ledger.log.append(0, stream.data(event))
    ledger.seal()
    leaf = ledger.frontiers[0].size - 1
    return write_bundle(to_files(ledger.collector().event(Place("p0", leaf, 0))))


def accept_all(ledger: FixedLedger) -> None:
    """Let the sealer lie: p0 accepts whatever it holds."""

    def leaf(self: FixedLedger, partition: int, offset: int, value: bytes) -> bytes:
        judged = self.judges[partition](value)
        if partition == CONTROL:
            return self.leaf_of(judged, offset, value, offset)
        lie = Judgement(Verdict.ACCEPTED, entry=judged.entry)
        return self.leaf_of(lie, offset, value, self.control.size)

    ledger.leaf = MethodType(leaf, ledger)  # type: ignore[method-assign]


def case_of(ledger: FixedLedger, bundle: bytes) -> Case:
    return Case(bundle, policy_text(), ledger.ledger_id, now_s=NOW_S)


def test_keys_that_were_revoked_rotated_or_never_authorised(page: Any, tmp_path: Path):
    cases: dict[str, Case] = {}

    def revoke(ledger: FixedLedger, key: str, since: int | None) -> None:
        fact = stated(
            "ledger.key.revoked",
            key_fp=fingerprint(key),
            compromised_since=since,
            reason="r",
        )
        ledger.operate(fact, label=f"revoke {key}")

    for label, since in (
        ("suspect", TIME_US - 1),
        ("later", TIME_US + 10**9),
        ("without time", None),
    ):
        story = tell(tmp_path / label)
        revoke(story.ledger, "a", since)
        cases[label] = case_of(story.ledger, write_bundle(to_files(story.event())))
    for key, label, approval in (
        ("zz", "stranger", False),
        ("a", "service approves", True),
        ("operator", "operator produces", False),
        ("b", "person decides", False),
    ):
        ledger = tell(tmp_path / label).ledger
        accept_all(ledger)
        cases[label] = case_of(ledger, seal_one(ledger, key, approval=approval))
    ledger = tell(tmp_path / "after").ledger
    revoke(ledger, "a", None)
    accept_all(ledger)
    cases["accepted after revocation"] = case_of(ledger, seal_one(ledger, "a"))
    ledger = tell(tmp_path / "rotated").ledger
    rotated = stated(
        "ledger.key.rotated",
        old_key_fp=fingerprint("a"),
        public_key=signer("c").public_key,
    )
    ledger.operate(endorse(rotated, [signer("a"), signer("c")]), label="rotate")
    cases["rotated"] = case_of(ledger, seal_one(ledger, "c"))
    codes = {label: verdict.exit for label, verdict in compare(page, cases).items()}
    assert codes == {
        "suspect": 13,
        "later": 0,
        "without time": 0,
        "stranger": 6,
        "service approves": 5,
        "operator produces": 5,
        "person decides": 0,
        "accepted after revocation": 5,
        "rotated": 0,
    }


def test_operators_of_a_later_root_may_write(page: Any, tmp_path: Path):
    ledger = tell(tmp_path).ledger
    origins = [f"{NAME}/{log}" for log in LOGS.values()]
    keys = {origin: signer(f"log {origin}").public_key for origin in origins}
    root = stated(
        "ledger.root.set",
        name=NAME,
        origins=origins,
        root_keys=[signer("root 2").public_key],
        threshold=1,
        log_keys=[str(log_vkey(origin, keys[origin])) for origin in origins],
        operator_keys=[signer(n).public_key for n in ("operator", "operator 2")],
    )
    ledger.operate(endorse(root, [signer("root"), signer("root 2")]), label="root")
    stream = Stream(signer("operator 2"), origin=f"{NAME}/control", stream_id=b"o" * 16)
    granted = stated(
        "ledger.key.authorized",
        public_key=signer("d").public_key,
        identity="service:d",
        kind="service",
        event_types=["mlledger.prediction.*"],
        attests=False,
    )
    for value in (stream.open(), stream.data(EncodedEvent(*encode(granted)))):
        ledger.log.append(CONTROL, value)
    ledger.seal(CONTROL)
    case = case_of(ledger, seal_one(ledger, "d"))
    assert compare(page, {"later root": case})["later root"].exit == 0


@pytest.mark.parametrize(
    "script",
    [
        "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });",
        """const own = SubtleCrypto.prototype.importKey;
        SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...rest) {
          const isAbsent = algorithm === "Ed25519";
          if (isAbsent) throw new DOMException("no", "NotSupportedError");
          return own.call(this, format, data, algorithm, ...rest);
        };""",
    ],
)
def test_a_browser_without_ed25519_gives_no_verdict(
    browser: Any, file: Path, script: str
):
    with open_page(file, browser) as page:
        page.evaluate(f"() => {{ {script} }}")
        for case in (golden("event"), golden("event", ledger_id=bytes(32))):
            (verdict,) = verify_cases(page, [case])
            assert verdict.exit == 6
            assert verdict.verdict.startswith("could not check: this browser")
            assert [step["status"] for step in verdict.steps] == ["not_checked"]


def test_a_wrong_policy_or_id_is_the_callers_mistake(page: Any):
    cases = [
        golden("event", policy="logs x\n"),
        golden("event", policy=golden("event").policy + "quorum none\n"),
        golden("event", ledger_id=b"short"),
    ]
    for verdict in verify_cases(page, cases):
        assert verdict.exit is None
        assert verdict.raised


def test_a_person_verifies_with_the_keyboard(browser: Any, file: Path, tmp_path: Path):
    told = json.loads((GOLDEN / "decision.json").read_text())
    policy = tmp_path / "policy"
    policy.write_text(told["policy"])
    with open_page(file, browser) as page:
        page.get_by_role("button", name="Verify").press("Enter")
        page.get_by_text("Choose a bundle first.").wait_for()
        page.set_input_files("#bundle", GOLDEN / told["file"])
        page.set_input_files("#policy-file", policy)
        page.get_by_label("64 hexadecimal digits").fill(f" {told['ledger_id']}\n")
        page.get_by_role("button", name="Verify").press("Enter")
        page.locator("#verdict").get_by_text("Valid", exact=True).wait_for()
        assert page.evaluate("document.activeElement.id") == "result"
        assert page.locator("ol.steps li.verified").count() == 9
        assert page.get_by_text("Attested, not later than").is_visible()
        assert page.get_by_text("It was made by model loans").is_visible()
        page.get_by_label("64 hexadecimal digits").fill("0" * 64)
        page.get_by_role("button", name="Verify").press("Enter")
        page.locator("#verdict.is-failed").wait_for()
        page.get_by_text("the bundle is of another ledger").wait_for()
        assert not page.get_by_text("Attested, not later than").is_visible()
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll("input, textarea, button")]
            .filter((one) => !one.labels?.length && !one.textContent).length"""
        )
        assert unnamed == 0
        assert page.asked == [file.as_uri()]
        assert page.complaints == []


def test_texts_of_a_bundle_are_never_read_as_markup(page: Any):
    made = page.evaluate(
        """() => document.querySelectorAll(
        "script:not([type=module]), iframe, img, object, embed").length"""
    )
    assert made == 0
    source = build_page()
    for hazard in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"):
        assert hazard not in source


def test_the_command_writes_the_page_and_verifies_alike(tmp_path: Path):
    out = tmp_path / "verify.html"
    command = [sys.executable, "-m", "ledger", "verify"]
    run = subprocess.run(
        [*command, "html", "--out", str(out), "--json"], capture_output=True, check=True
    )
    assert json.loads(run.stdout)["ok"]
    assert out.read_text(encoding="utf-8") == build_page()
    refused = subprocess.run(
        [*command, "html", "--out", str(tmp_path / "no" / "x")],
        capture_output=True,
        check=False,
    )
    assert refused.returncode == 3


def test_the_modules_run_in_node_too(tmp_path: Path):
    node = shutil.which("node")
    if not node:
        absent("node")
    told = GOLDEN / "event.json"
    bundle = GOLDEN / json.loads(told.read_text())["file"]
    script = tmp_path / "run.mjs"
    script.write_text(
        f"""import {{ readFileSync }} from "node:fs";
        import {{ verify }} from {json.dumps(str(ROOT / "ledger/page/verify.mjs"))};
        const told = JSON.parse(readFileSync({json.dumps(str(told))}));
        const bytes = new Uint8Array(readFileSync({json.dumps(str(bundle))}));
        const options = {{ nowS: told.now_s, roots: told.tsa_root }};
        const found = await verify(bytes, told.policy, told.ledger_id, options);
        console.log(found.exit);"""
    )
    run = subprocess.run(
        [node, str(script)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "0"
