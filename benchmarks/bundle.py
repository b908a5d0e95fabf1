"""Bundles: one verified by a process of its own and in this one; proofs from tiles.

The bundle is the decision of ``tests/vectors/bundle``. Cold is ``mlledger verify
bundle`` from its start to its end, beside a Python that imports what checks a signature
and ends; warm is beside the Ed25519 signatures of the same bundle alone. A proof is
drawn by a new reader: checkpoint, tiles, each hashed whole; beside it the same files
read and hashed once. It is to grow with the logarithm of the tree's size.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.measure import Result, percentile
from ledger.bundle import examine_bundle, read_bundle
from ledger.bundle.contents import LogPart
from ledger.bundle.layout import parse_files
from ledger.bundle.tlog_proof import TlogProof
from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.entry import PAYLOAD_TYPE, pae
from ledger.keys import Ed25519Signer, verify_signature
from ledger.leaf import parse_leaf
from ledger.note import Vkey, log_vkey
from ledger.policy import parse_policy
from ledger.public import OriginReader, PublicFolder
from ledger.tiles import TileWriter
from ledger.tree import Frontier
from ledger.verdict import Verdict

SIZES = (10_000, 100_000, 1_000_000)
COLD_ROUNDS = 5
WARM_ROUNDS = 50
PROOFS = 200
_VECTORS = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "bundle"
_ORIGIN = "bench/p0"
_LEAF_BYTES = 82
_AT_ONCE = 65_536
_BARE = "import hashlib, zipfile, cryptography.hazmat.primitives.asymmetric.ed25519"


def run(scale: float = 1.0) -> list[Result]:
    """Verify a decision's bundle cold and warm; draw 200 proofs from each tree."""
    told = json.loads((_VECTORS / "decision.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="mlledger-bench-") as folder:
        return [
            _cold(Path(folder), told),
            _warm(told),
            *_proofs(Path(folder), scale),
        ]


def _cold(folder: Path, told: Mapping[str, Any]) -> Result:
    policy, root = folder / "policy", folder / "roots.pem"
    policy.write_text(told["policy"], encoding="utf-8")
    root.write_text(told["tsa_root"], encoding="utf-8")
    ours = [sys.executable, "-m", "ledger", "verify", "bundle"]
    ours += [str(_VECTORS / told["file"]), "--ledger", told["ledger_id"]]
    ours += ["--policy", str(policy), "--tsa-root", str(root)]
    raw = [sys.executable, "-c", _BARE]
    for command in (ours, raw):
        _process(command)  # from now on its files are in the page cache
    taken = [(_process(ours), _process(raw)) for _ in range(COLD_ROUNDS)]
    (wall, cpu), (raw_wall, raw_cpu) = (
        (statistics.median(t[n][0] for t in taken), min(t[n][1] for t in taken))
        for n in (0, 1)
    )
    note = "mlledger verify bundle, beside a Python that imports Ed25519; goal 1 s"
    extra = {"cpu_s": cpu, "raw_cpu_s": raw_cpu}
    return Result("bundle_verify_cold_s", wall, "s", raw_wall, note=note, extra=extra)


def _process(command: Sequence[str]) -> tuple[float, float]:
    """Run a process; return its wall and processor seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall, cpu


def _warm(told: Mapping[str, Any]) -> Result:
    data, policy = (_VECTORS / told["file"]).read_bytes(), parse_policy(told["policy"])

    def ours() -> None:
        examined = examine_bundle(
            read_bundle(data),
            policy=policy,
            ledger_id=bytes.fromhex(told["ledger_id"]),
            now_s=told["now_s"],
            tsa_roots=[told["tsa_root"].encode()],
        )
        if examined.exit_code:
            raise RuntimeError(f"the bundle does not hold: {examined.steps}")

    signed = _signatures(parse_files(read_bundle(data)).logs)

    def raw() -> None:
        for public_key, signature, message in signed:
            verify_signature(
                public_key=public_key, signature=signature, message=message
            )

    p50, raw_p50, p99 = _in_turn(ours, raw, WARM_ROUNDS)
    note = f"beside its {len(signed)} Ed25519 signatures alone; goal 20 ms"
    extra = {"p99_ms": p99, "bundle_bytes": len(data)}
    return Result("bundle_verify_warm_ms", p50, "ms", raw_p50, note=note, extra=extra)


def _signatures(logs: Mapping[str, LogPart]) -> list[tuple[bytes, bytes, bytes]]:
    """Return as many signatures as the bundle has, of the same lengths."""
    signer, made = Ed25519Signer.generate(), list[tuple[bytes, bytes, bytes]]()
    for part in logs.values():
        checkpoint, note = parse_checkpoint(part.checkpoint)
        messages = [checkpoint.body.encode()] * len(note.signatures)
        for data in part.leaves.values():
            leaf = parse_leaf(data)
            if leaf.verdict == Verdict.ACCEPTED:
                messages.append(pae(PAYLOAD_TYPE, leaf.header_bytes))
        made += [(signer.public_key, signer.sign(one), one) for one in messages]
    return made


def _proofs(folder: Path, scale: float) -> list[Result]:
    signer = Ed25519Signer.generate()
    vkey, tree = log_vkey(_ORIGIN, signer.public_key), _Tree(folder / _ORIGIN, signer)
    results: list[Result] = []
    for size in SIZES:
        tree.grow(max(256, int(size * scale)))
        results.append(_proof(folder, vkey, tree.size, f"1e{len(str(size)) - 1}"))
    return results


class _Tree:
    """A published tree that grows, its leaves as long as the shortest seal leaf."""

    def __init__(self, folder: Path, signer: Ed25519Signer) -> None:
        self.size = 0
        self._folder = folder
        self._signer = signer
        self._frontier = Frontier()

    def grow(self, size: int) -> None:
        """Append leaves up to a size and publish tiles and checkpoint."""
        root = b""
        while self.size < size:
            end = min(size, self.size + _AT_ONCE)
            leaves = [n.to_bytes(_LEAF_BYTES, "big") for n in range(self.size, end)]
            writer = TileWriter(
                lambda path: (self._folder / path).read_bytes(), self._frontier
            )
            self.size, root, files = writer.extend(leaves)
            self._frontier = writer.frontier
            for path, data in files.items():
                (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self._folder / path).write_bytes(data)
        note = sign_checkpoint(Checkpoint(_ORIGIN, self.size, root), self._signer)
        (self._folder / "checkpoint").write_bytes(note)


class _Noted:
    """Published files, of which it is noted which are read."""

    def __init__(self, root: Path) -> None:
        self._public = PublicFolder(root)
        self.paths: list[str] = []
        self.list, self.policy = self._public.list, self._public.policy

    def read(self, origin: str, path: str) -> bytes:
        """Return a file."""
        self.paths.append(path)
        return self._public.read(origin, path)


def _proof(folder: Path, vkey: Vkey, size: int, label: str) -> Result:
    draw, public = random.Random(7), PublicFolder(folder)
    noted = _Noted(folder)
    OriginReader(noted, vkey).inclusion_proof(size // 3)

    def ours() -> None:
        reader, index = OriginReader(public, vkey), draw.randrange(size)
        path = tuple(reader.inclusion_proof(index))
        TlogProof(index, path, public.read(_ORIGIN, "checkpoint")).to_bytes()

    def raw() -> None:
        for path in noted.paths:
            sha256(public.read(_ORIGIN, path)).digest()

    p50, raw_p50, p99 = _in_turn(ours, raw, PROOFS)
    note = f"one of {size} leaves, beside reading its {len(noted.paths)} files"
    extra = {"leaves": size, "p99_ms": p99}
    return Result(
        f"proof_ms_{label}", p50, "ms", raw_p50, note=f"{note}; goal 5 ms", extra=extra
    )


def _in_turn(
    ours: Callable[[], None], raw: Callable[[], None], rounds: int
) -> tuple[float, float, float]:
    """Return the medians of both, and the 99th percentile of ours, in ms."""
    taken: dict[Callable[[], None], list[float]] = {ours: [], raw: []}
    ours()
    raw()
    for _ in range(rounds):
        for call, known in taken.items():
            start = time.perf_counter()
            call()
            known.append((time.perf_counter() - start) * 1e3)
    p50, raw_p50 = (statistics.median(known) for known in taken.values())
    return p50, raw_p50, percentile(taken[ours], 0.99)
