"""``verify.html`` in a real browser, offline, on every vector of the format."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.errors import EvidenceError
from ledger.page_builder import build_page, join_modules, read_sources
from ledger.timestamp import verify_token
from tests.support.browser_verify import open_browser, open_page, run_many
from tests.support.tsa import DAY, Authority, now

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = tmp_path_factory.mktemp("page") / "verify.html"
    file.write_text(build_page(), encoding="utf-8")
    with open_browser() as browser, open_page(file, browser) as opened:
        yield opened
        assert opened.asked == [file.as_uri()], "the page asked for something"
        assert opened.complaints == []


def load(folder: Path, pattern: str = "*.json") -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(folder.glob(pattern))]


def holds(page: Any, source: str, cases: list[Any]) -> list[bool]:
    return [one["raised"] is None for one in run_many(page, source, cases)]


# What the page sees of text from outside is hex and base64; these turn it into bytes.
HEX = "const hex = (text) => parts.bytesOfHex(text, 'vector');"
B64 = "const b64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));"


def test_914_edge_cases_of_ed25519_get_the_verdict_of_libsodium(
    page: Any, shared_vectors: Path
):
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    cases = json.loads((shared_vectors / "ed25519-cctv.json").read_text())
    source = f"""async (one, parts) => {{ {HEX}
      const message = new TextEncoder().encode(one.msg);
      await parts.verifyEd25519(hex(one.key), hex(one.sig), message, "case"); }}"""
    found = holds(page, source, cases)

    def libsodium(case: dict[str, Any]) -> bool:
        try:
            VerifyKey(bytes.fromhex(case["key"])).verify(
                case["msg"].encode(), bytes.fromhex(case["sig"])
            )
        except BadSignatureError:
            return False
        return True

    assert len(found) == 914
    assert found == [libsodium(case) for case in cases]


@pytest.mark.parametrize(("kind", "count"), [("inclusion", 98), ("consistency", 98)])
def test_published_probes_of_proofs(
    page: Any, shared_vectors: Path, kind: str, count: int
):
    files = sorted((shared_vectors / "merkle" / kind).rglob("*.json"))
    cases = [json.loads(file.read_text()) for file in files]
    sources = {
        "inclusion": f"""async (one, parts) => {{ {B64}
          await parts.verifyInclusion({{ index: BigInt(one.leafIdx),
            size: BigInt(one.treeSize), leaf: b64(one.leafHash), root: b64(one.root),
            proof: (one.proof ?? []).map(b64), what: "probe" }}); }}""",
        "consistency": f"""async (one, parts) => {{ {B64}
          await parts.verifyConsistency({{ oldSize: BigInt(one.size1),
            newSize: BigInt(one.size2), oldRoot: b64(one.root1),
            newRoot: b64(one.root2), proof: (one.proof ?? []).map(b64),
            what: "probe" }}); }}""",
    }
    found = holds(page, sources[kind], cases)
    assert len(cases) == count
    wrong = [
        (str(file), held)
        for file, case, held in zip(files, cases, found, strict=True)
        if held == case["wantErr"]
    ]
    assert wrong == []


def test_vectors_of_the_tree(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {HEX}
      if (one.kind === "root") {{
        const hashes = await Promise.all(one.leaves.map((l) => parts.leafHash(hex(l))));
        return parts.hexOf(await parts.rootOf(hashes)); }}
      const {{ index, size, leaf, root, proof, ...a }} = one.arguments;
      const hashes = proof.map(hex);
      if (one.kind === "inclusion") await parts.verifyInclusion({{ index: BigInt(index),
        size: BigInt(size), leaf: hex(leaf), root: hex(root), proof: hashes,
        what: "v" }});
      else await parts.verifyConsistency({{ oldSize: BigInt(a.old_size),
        newSize: BigInt(a.new_size), oldRoot: hex(a.old_root), newRoot: hex(a.new_root),
        proof: hashes, what: "v" }}); }}"""
    cases = load(vectors / "tree")
    answers = run_many(page, source, cases)
    for case, answer in zip(cases, answers, strict=True):
        assert (answer["raised"] is not None) == (case["raises"] is not None), case
        if case["kind"] == "root":
            assert answer["value"] == case["root"]


def test_vectors_of_notes_and_verifier_keys(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {B64}
      if (one.kind === "vkey") {{
        const vkey = await parts.parseVkey(one.text);
        return [vkey.name, vkey.keyId, vkey.type, parts.hexOf(vkey.publicKey)]; }}
      const note = parts.parseNote(b64(one.data));
      if (one.vkey) await parts.verifyNote(note, await parts.parseVkey(one.vkey)); }}"""
    cases = [
        c for c in load(vectors / "note") if c["kind"] in {"vkey", "verify", "parse"}
    ]
    answers = run_many(page, source, cases)
    assert len(cases) >= 30
    for case, answer in zip(cases, answers, strict=True):
        assert (answer["raised"] is not None) == (case["raises"] is not None), case
        if case["kind"] == "vkey" and not case["raises"]:
            keys = ("name", "key_id", "type", "public_key")
            assert answer["value"] == [case[key] for key in keys]


def test_vectors_of_checkpoints(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {B64}
      const found = await parts.verifyCheckpoint(b64(one.data),
        await parts.parseVkey(one.vkey));
      return [found.origin, String(found.size), parts.hexOf(found.root)]; }}"""
    cases = [c for c in load(vectors / "checkpoint") if c["kind"] == "verify"]
    answers = run_many(page, source, cases)
    assert len(cases) >= 20
    for case, answer in zip(cases, answers, strict=True):
        assert (answer["raised"] is not None) == (case["raises"] is not None), case
        if not case["raises"]:
            assert answer["value"] == [case["origin"], str(case["size"]), case["root"]]


def test_vectors_of_entries(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {HEX}
      const entry = await parts.parseEntry(hex(one.value));
      await parts.verifyEventsRoot(entry, "entry");
      const {{ header, signature }} = entry;
      await parts.verifyHeader(header, signature, hex(one.public_key), "entry");
      const leaves = await Promise.all(entry.events.map(async (event, index) =>
        parts.hexOf(parts.eventLeaf({{ header: entry.header, index, ...event,
          salt: await parts.eventSalt(entry.seed, index) }}))));
      const hashes = (await parts.eventHashes(entry)).map(parts.hexOf);
      return {{ leaves, hashes, kind: entry.header.kind, seq: Number(entry.header.seq),
        time: Number(entry.header.claimedTimeMs) }}; }}"""
    cases = load(vectors / "entry")
    answers = run_many(page, source, cases)
    assert len(cases) >= 40
    for case, answer in zip(cases, answers, strict=True):
        assert (answer["raised"] is not None) == (case["raises"] is not None), case
        if not case["raises"]:
            value, header = answer["value"], case["header"]
            assert value["leaves"] == [event["leaf"] for event in case["events"]]
            assert value["hashes"] == [event["leaf_hash"] for event in case["events"]]
            assert value["kind"] == header["kind"]
            assert value["seq"] == header["seq"]
            assert value["time"] == header["claimed_time_ms"]


def test_vectors_of_seal_leaves(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {HEX}
      const leaf = parts.parseLeaf(hex(one.leaf));
      return [leaf.verdict, leaf.offset, leaf.brokerTimestampMs, leaf.aux,
        leaf.registrySize, leaf.sealedAtMs].map(String).concat(
        [parts.hexOf(leaf.recordHash), parts.hexOf(leaf.env)]); }}"""
    cases = load(vectors / "leaf")
    names = ("verdict", "offset", "broker_timestamp_ms", "aux", "registry_size")
    answers = run_many(page, source, cases)
    for case, answer in zip(cases, answers, strict=True):
        assert (answer["raised"] is not None) == (case["raises"] is not None), case
        if not case["raises"]:
            numbers = [str(case[name]) for name in (*names, "sealed_at_ms")]
            assert answer["value"] == [*numbers, case["record_hash"], case["env"]]


def test_bodies_that_must_be_refused_are_refused(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {HEX}
      const schema = new TextEncoder().encode(one.schema);
      parts.decodeBody(schema, hex(one.body)); }}"""
    cases = load(vectors / "codec", "body-*.json")
    found = holds(page, source, cases)
    assert len(cases) >= 20
    assert found == [not case["refused"] for case in cases]


def test_every_event_type_decodes_to_its_fields(page: Any, vectors: Path):
    source = f"""async (one, parts) => {{ {HEX}
      const schema = new TextEncoder().encode(one.schema);
      const type = parts.typeOfSchema(schema);
      const fields = parts.decodeCanonical(schema, hex(one.body));
      return {{ ...type, fields: parts.plain(fields) }}; }}"""
    cases = load(vectors / "codec", "event-*.json")
    answers = run_many(page, source, cases)
    assert len(cases) >= 40
    for case, answer in zip(cases, answers, strict=True):
        assert answer["raised"] is None, case["type"]
        value = answer["value"]
        assert (value["name"], value["version"]) == (case["type"], case["version"])
        assert sorted(value["fields"]) == sorted(case["event"])
        assert texts(value["fields"]) == texts(case["event"])


def texts(value: Any) -> list[str]:
    """Every text that both spellings show alike: not times, ids, numbers or bytes."""
    if isinstance(value, dict):
        return sorted(text for member in value.values() for text in texts(member))
    if isinstance(value, list):
        return sorted(text for member in value for text in texts(member))
    plain = isinstance(value, str) and re.fullmatch(r"[a-z_]+ ä", value)
    return [value] if plain else []


def test_numbers_and_base64_have_one_spelling(page: Any):
    numbers = ["0", "7", "9223372036854775807", "9223372036854775808", "007", "+7", "٧"]
    found = holds(page, "(one, parts) => { parts.parseDecimal(one); }", numbers)
    assert found == [True, True, True, False, False, False, False]
    spellings = ["", "AA==", "AB==", "AA", "A A=", "AA=", "//79", "__79", "AA==\n"]
    found = holds(page, "(one, parts) => { parts.parseBase64(one); }", spellings)
    assert found == [True, True, False, False, False, False, True, False, False]


def test_the_page_is_built_alike_every_time_and_allows_no_connection():
    built = build_page()
    assert built == build_page()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', built)
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert set(directives) == {
        "default-src",
        "script-src",
        "style-src",
        "base-uri",
        "form-action",
    }
    assert "unsafe" not in policy
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", built)


def test_modules_in_a_circle_or_in_another_form_are_refused():
    circle = {
        "main.mjs": 'import { a } from "./other.mjs";\nexport const b = a;\n',
        "other.mjs": 'import { b } from "./main.mjs";\nexport const a = b;\n',
    }
    with pytest.raises(ValueError, match=r"main\.mjs → other\.mjs → main\.mjs"):
        join_modules(circle)
    for line in (
        'import * as all from "./other.mjs";',
        'import "https://example.org/x.mjs";',
        "export default 1;",
        "export { a };",
        'const text = "</script>";',
    ):
        with pytest.raises(ValueError, match=r"none of the forms|ends a script"):
            join_modules({"main.mjs": f"{line}\n", "other.mjs": ""})


def test_built_in_schemas_are_those_that_are_published():
    root = Path(__file__).resolve().parents[2]
    source = read_sources()["schemas.mjs"]
    found = dict(re.findall(r"""^  "([a-z_.]+)":\n    '([^\n]*)',$""", source, re.M))
    published = {
        f"ledger.{file.name.removesuffix('.v1.avsc')}": file.read_text()
        for file in (root / "schemas" / "ledger").glob("*.avsc")
    }
    assert found == published


def test_the_readme_of_bundles_is_the_published_one(vectors: Path):
    source = read_sources()["readme.mjs"]
    (text,) = re.findall(r"README = `(.*)`;\n", source, re.DOTALL)
    assert text == (vectors / "bundle" / "README.txt").read_text()


def test_base64_is_the_same_in_both(page: Any):
    data = bytes(range(256)) * 300
    given = base64.b64encode(data).decode()
    source = "(one, parts) => parts.hexOf(parts.parseBase64(one)).length"
    (answer,) = run_many(page, source, [given])
    assert answer["value"] == 2 * len(data)


TOKEN = """async (one, parts) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const token = parts.parseToken(bytes(one.token));
  await parts.verifyImprint(token, bytes(one.data));
  await parts.verifyToken(token, parts.readRoots(one.root));
  return [token.timeMs, token.accuracyMs, token.holder.name]; }"""


def test_time_stamp_tokens_get_the_answer_of_the_package(page: Any):
    data = b"acme/manifest\n4\nroot\n"
    tokens = dict(token_cases(data))
    cases = [
        {
            "token": base64.b64encode(token).decode(),
            "data": base64.b64encode(data).decode(),
            "root": root.decode(),
        }
        for token, root in tokens.values()
    ]
    answers = dict(zip(tokens, run_many(page, TOKEN, cases), strict=True))
    for label, (token, root) in tokens.items():
        try:
            found = verify_token(token, data, roots=[root])
        except EvidenceError:
            wanted = None
        else:
            wanted = [found.time_ms, found.accuracy_ms, found.authority]
        assert answers[label]["value"] == wanted, label
        assert answers[label]["raised"] != "UnableError", label
    held = [label for label, answer in answers.items() if answer["value"]]
    assert {"whole", "no accuracy", "fraction 1001", "more certificates"} <= set(held)
    assert not {"stranger", "expired", "other text", "for servers"} & set(held)


def token_cases(data: bytes) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    ours, stranger = Authority(), Authority()
    token = ours.stamp(data)
    yield "whole", (token, ours.pem)
    yield "stranger", (token, stranger.pem)
    yield "other text", (ours.stamp(b"another"), ours.pem)
    yield "longer", (token + b"\0", ours.pem)
    yield "shorter", (token[:-1], ours.pem)
    yield "expired", (ours.stamp(data, at=now() + 3 * DAY), ours.pem)
    yield "too early", (ours.stamp(data, at=now() - 3 * DAY), ours.pem)
    yield "at the end", (ours.stamp(data, at=ours.not_after), ours.pem)
    yield "at the beginning", (ours.stamp(data, at=ours.not_before), ours.pem)
    extra = (stranger.certificate_der,)
    yield "more certificates", (ours.stamp(data, extra=extra), ours.pem)
    yield "the signer twice", (ours.stamp(data, extra=(ours.double(),)), ours.pem)
    yield "SHA-1", (ours.stamp(data, algorithm="sha1"), ours.pem)
    for micros in (1, 999, 1000, 1001, 999_999):
        at = now().replace(microsecond=micros)
        yield f"fraction {micros}", (ours.stamp(data, at=at), ours.pem)
    rough = Authority(accuracy=None)
    yield "no accuracy", (rough.stamp(data), rough.pem)
    stamping, serving = (
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.SERVER_AUTH,
    )
    for label, usages, critical in (
        ("for servers", (serving,), True),
        ("for two purposes", (stamping, serving), True),
        ("not critical", (stamping,), False),
    ):
        odd = Authority(usages=usages, critical=critical)
        yield label, (odd.stamp(data), odd.pem)
    for place in range(0, len(token), 7):
        changed = bytearray(token)
        changed[place] ^= 1 << place % 8
        yield f"flipped at {place}", (bytes(changed), ours.pem)
