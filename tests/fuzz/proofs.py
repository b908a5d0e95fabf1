"""What an auditor is handed: proofs, bundles and the tokens in them."""

from __future__ import annotations

import json
import random
from functools import cache
from hashlib import sha256

from ledger.bundle import examine_bundle, read_bundle, write_bundle
from ledger.bundle.description import format_description, parse_description
from ledger.bundle.layout import parse_files, to_files
from ledger.bundle.range_proof import RangeWalk, parse_hashes
from ledger.bundle.records import (
    format_events,
    format_leaves,
    format_records,
    parse_events,
    parse_leaves,
    parse_records,
)
from ledger.bundle.tlog_proof import parse_proof
from ledger.errors import (
    MalformedError,
    MissingEvidenceError,
    RootMismatchError,
    SignatureError,
)
from ledger.merkle import Frontier
from ledger.policy import Policy, parse_policy
from ledger.timestamp import read_imprint, verify_token
from ledger.tree import verify_consistency, verify_inclusion
from tests.fuzz.kept import kept_of
from tests.fuzz.mutation import mutated
from tests.fuzz.parser import (
    VECTORS,
    BrokenPromiseError,
    Parser,
    numbered,
    parts,
    same,
)

BUNDLES = VECTORS / "bundle"


# Proofs and the files of a bundle, one by one


def _tlog_proof(data: bytes) -> None:
    proof = parse_proof(data)
    same(proof.to_bytes(), data)


def _description(data: bytes) -> None:
    same(format_description(parse_description(data)), data)


def _leaves(data: bytes) -> None:
    same(format_leaves(parse_leaves(data)), data)


def _events(data: bytes) -> None:
    same(format_events(parse_events(data)), data)


def _records(data: bytes) -> None:
    same(format_records(parse_records(data)), data)


def _walk(data: bytes) -> None:
    """Walk a range proof of a tree of any size that a checkpoint can state."""
    size, front = int.from_bytes(data[:8], "big") % (1 << 63), data[8:40]
    indexes = sorted({int.from_bytes(front[at : at + 8], "big") for at in (0, 8)})
    leaves = {index: bytes(32) for index in indexes}
    walk = RangeWalk(leaves, size=size, proof=parse_hashes(data[40:]))
    for index in indexes:
        same(len(walk.path(index)) <= 63, True)


def _numbers(data: bytes) -> tuple[int, int, list[bytes]]:
    first, second = (int.from_bytes(data[at : at + 8], "big") for at in (0, 8))
    return first, second, parse_hashes(data[16:])


def _inclusion(data: bytes) -> None:
    index, size, proof = _numbers(data)
    zero = bytes(32)
    verify_inclusion(index=index, size=size, leaf=zero, proof=proof, root=zero)


def _consistency(data: bytes) -> None:
    old, new, proof = _numbers(data)
    zero = bytes(32)
    verify_consistency(
        old_size=old, new_size=new, old_root=zero, new_root=zero, proof=proof
    )


def _frontier(data: bytes) -> None:
    size = int.from_bytes(data[:8], "big")
    frontier = Frontier.from_bytes(size, data[8:])
    same(frontier.to_bytes(), data[8:])
    frontier.root()


def _container(data: bytes) -> None:
    same(write_bundle(read_bundle(data)), data)


def _proof_seeds() -> list[bytes]:
    files = read_bundle(BUNDLES / "event.zip")
    ranged = read_bundle(BUNDLES / "range.zip")
    two = (3).to_bytes(8, "big") + (7).to_bytes(8, "big")
    return numbered(
        tlog=[files["partition.tlog-proof"]],
        description=[each["bundle.json"] for each in (files, ranged, _answer())],
        leaves=[files["p0/leaves.bin"][:1_000]],
        events=[files["p0/events.bin"]],
        records=[ranged["p0/records.bin"][:2_000], bytes(12)],
        walk=[(9).to_bytes(8, "big") + two + bytes(16 + 32 * 5)],
        inclusion=[two + bytes(32 * n) for n in (2, 3)],
        consistency=[two + bytes(32 * n) for n in (3, 4)],
        frontier=[(7).to_bytes(8, "big") + bytes(96)],
        container=[write_bundle({"a": b"b"}), write_bundle({"a": b"", "b/c.d": b"e"})],
    )


def _answer() -> dict[str, bytes]:
    return read_bundle(BUNDLES / "Q05.zip")


# Bundles


@cache
def _given() -> tuple[Policy, bytes, int, bytes]:
    said = json.loads((BUNDLES / "decision.json").read_bytes())
    return (
        parse_policy(said["policy"]),
        bytes.fromhex(said["ledger_id"]),
        int(said["now_s"]),
        said["tsa_root"].encode(),
    )


def _bundle(data: bytes) -> None:
    """Verify a whole bundle, and answer its question again."""
    from ledger.commands.verify_bundle import answer
    from ledger.output import envelope, to_json
    from projections.commands.prove import replay

    files = read_bundle(data)
    policy, ledger_id, now_s, root = _given()
    examined = examine_bundle(
        files,
        policy=policy,
        ledger_id=ledger_id,
        now_s=now_s,
        tsa_roots=[root],
        replay=replay,
    )
    to_json(envelope(answer(examined)))
    if examined.exit_code == 0 and not files.items() <= _all_honest():
        raise BrokenPromiseError("a bundle is valid that nobody has made")
    same(to_files(parse_files(files)), files)


@cache
def _honest() -> list[dict[str, bytes]]:
    return [read_bundle(data) for data in _bundle_seeds()]


@cache
def _all_honest() -> frozenset[tuple[str, bytes]]:
    """Return all files of the honest bundles, which are of one ledger."""
    return frozenset(pair for files in _honest() for pair in files.items())


def _bundle_seeds() -> list[bytes]:
    names = ("event", "decision", "range", "Q01", "Q02", "Q06")
    golden = [(BUNDLES / f"{name}.zip").read_bytes() for name in names]
    return golden + [
        kept.data for kept in kept_of("bundle") if kept.case.startswith("time-")
    ]


def _repacked(data: bytes, number: int) -> bytes:
    """Change one file of a bundle and pack it rightly: more than zip is to be read."""
    chance = random.Random(number)
    try:
        files = read_bundle(data)
    except MalformedError:
        files = dict(chance.choice(_honest()))
    name = chance.choice(sorted(files))
    action = chance.randrange(8)
    if action == 0 and len(files) > 1:
        del files[name]
    elif action == 1:
        other = chance.choice(_honest())
        name = chance.choice(sorted(other))
        files[name] = other[name]
    else:
        files[name] = mutated(files[name], number)
    return write_bundle(_renamed(files))


def _renamed(files: dict[str, bytes]) -> dict[str, bytes]:
    """Give each schema the name that its bytes ask for."""
    return {_named(name, data): data for name, data in files.items()}


def _named(name: str, data: bytes) -> str:
    is_schema = name.startswith("schema/")
    return f"schema/{sha256(data).hexdigest()}.json" if is_schema else name


# Tokens


def _token(data: bytes) -> None:
    attested = read_imprint(data)
    verify_token(data, _stamped(), roots=[_given()[3]])
    same(attested.imprint, sha256(_stamped()).digest())


@cache
def _stamped() -> bytes:
    """Return the text that the one honest token speaks of."""
    files = read_bundle(BUNDLES / "decision.zip")
    return files["manifest/checkpoint"].partition(b"\n\n")[0] + b"\n"


PARSERS = (
    Parser(
        "proof",
        "tlog-proofs, range proofs, and each binary or JSON file of a bundle",
        parts(
            tlog=_tlog_proof,
            description=_description,
            leaves=_leaves,
            events=_events,
            records=_records,
            walk=_walk,
            inclusion=_inclusion,
            consistency=_consistency,
            frontier=_frontier,
            container=_container,
        ),
        _proof_seeds,
        errors=(MalformedError, RootMismatchError),
    ),
    Parser(
        "bundle",
        "whole bundles: the archive, its layout, all nine steps, the answer printed",
        _bundle,
        _bundle_seeds,
        errors=(MalformedError, MissingEvidenceError),
        most=1 << 17,
        mutate=_repacked,
    ),
    Parser(
        "token",
        "RFC 3161 tokens: DER, what they say, whom they name",
        _token,
        lambda: [(BUNDLES / "token.der").read_bytes()],
        errors=(MalformedError, SignatureError),
    ),
)
