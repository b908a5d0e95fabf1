"""The first entries of a ledger, as values ready to be appended to its control log.

Genesis is one opening entry by the first root key that names the ledger, its origins
and its keys. The operator follows in a stream of its own: the first producers' keys
and the schema of every event type this package ships, so that the ledger explains
itself for ever. Nothing here reads or writes the world.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger import clock
from ledger.entry import (
    KIND_CLOSE,
    KIND_DATA,
    KIND_OPEN,
    MAX_EVENTS,
    MAX_VALUE,
    NO_HASH,
    EncodedEvent,
    header_hash,
    pack_entry,
    packed_size,
)

if TYPE_CHECKING:
    from ledger.events.base import Event
    from ledger.keys import Signer

ALL_TYPES = ("mlledger.*",)


@dataclass(frozen=True, slots=True)
class Ambient:
    """Where time, randomness and ids come from; a test passes its own.

    Attributes:
        now_us: the clock, microseconds since 1970.
        random_bytes: so many bytes nobody can guess.
        new_id: a fresh 16-byte event id.
    """

    now_us: Callable[[], int] = clock.now_us
    random_bytes: Callable[[int], bytes] = clock.random_bytes
    new_id: Callable[[], bytes] = clock.new_id


AMBIENT = Ambient()


def genesis_entry(  # noqa: PLR0913  a ledger is founded with all that it rests on
    *,
    name: str,
    origins: Sequence[str],
    root_signer: Signer,
    other_roots: Sequence[bytes] = (),
    threshold: int = 1,
    log_vkeys: Sequence[str],
    operator_public_key: bytes,
    software: str,
    version: str,
    ambient: Ambient = AMBIENT,
) -> bytes:
    """Return the value of control record 0; its header hash is the ledger id.

    Args:
        name: DNS-like name of the ledger.
        origins: control, manifest, then ``p0``, ``p1`` …, each with the name in front.
        root_signer: the first root key, which signs the entry.
        other_roots: raw 32-byte public keys of further roots.
        threshold: how many roots must endorse a statement.
        log_vkeys: the log key of each origin, in the same order.
        operator_public_key: raw 32-byte key of the operator.
        software: program that makes the ledger.
        version: its version.
        ambient: clock and randomness.
    """
    from ledger.events.ledger import RootSet

    opened = _opened("root", software, version, ambient)
    root = RootSet.record(
        id=ambient.new_id(),
        time=ambient.now_us(),
        name=name,
        origins=list(origins),
        root_keys=[root_signer.public_key, *other_roots],
        threshold=threshold,
        log_keys=list(log_vkeys),
        operator_keys=[operator_public_key],
    )
    groups = [(KIND_OPEN, [opened, root])]
    return signed_stream(
        signer=root_signer, log_id=_log_id(name), groups=groups, ambient=ambient
    )[0]


def operator_entries(
    *,
    name: str,
    operator_signer: Signer,
    producers: Sequence[tuple[str, bytes]],
    software: str,
    version: str,
    ambient: Ambient = AMBIENT,
) -> list[bytes]:
    """Return the operator's first stream: producers, then every shipped schema.

    Args:
        name: name of the ledger.
        operator_signer: a key that genesis names.
        producers: identity and raw public key of each; ``person:…`` is a person, all
            else a service. They may write every type their kind may.
        software: program that makes the ledger.
        version: its version.
        ambient: clock and randomness.
    """
    facts = [_authorized(who, key, ambient) for who, key in producers]
    facts += schemas_to_register((), ambient=ambient)
    return operator_stream(
        name=name,
        operator_signer=operator_signer,
        facts=facts,
        software=software,
        version=version,
        ambient=ambient,
    )


def operator_stream(
    *,
    name: str,
    operator_signer: Signer,
    facts: Sequence[Event],
    software: str,
    version: str,
    close: bool = True,
    ambient: Ambient = AMBIENT,
) -> list[bytes]:
    """Return a whole stream of an operator's or a root's: opened, the facts, closed.

    As many entries hold the facts as their size asks for.

    Without ``close`` it stays open: where the facts end the signer's office, a closing
    entry would be refused.
    """
    groups = operator_groups(
        facts, software=software, version=version, close=close, ambient=ambient
    )
    return signed_stream(
        signer=operator_signer, log_id=_log_id(name), groups=groups, ambient=ambient
    )


def operator_groups(
    facts: Sequence[Event],
    *,
    software: str,
    version: str,
    close: bool = True,
    ambient: Ambient = AMBIENT,
) -> list[tuple[int, Sequence[Event]]]:
    """Return kind and events of each entry of an operator's stream, for any log.

    Arguments as for :func:`operator_stream`.
    """
    from ledger.events.ledger import StreamClosed

    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.type_name] = counts.get(fact.type_name, 0) + 1
    closed = StreamClosed.record(
        id=ambient.new_id(), time=ambient.now_us(), counts=counts
    )
    opened = _opened("operator", software, version, ambient)
    groups: list[tuple[int, Sequence[Event]]] = [
        (KIND_OPEN, [opened]),
        *((KIND_DATA, run) for run in _runs(facts)),
    ]
    if close:
        groups.append((KIND_CLOSE, [closed]))
    return groups


def schemas_to_register(
    known: Container[bytes], *, ambient: Ambient = AMBIENT
) -> list[Event]:
    """Return a ``ledger.schema.registered`` for each shipped schema not yet known.

    Args:
        known: ids of schemas that are registered already.
        ambient: clock and randomness.
    """
    from ledger.avro import schema_bytes, schema_id
    from ledger.events.base import event_classes
    from ledger.events.ledger import SchemaRegistered

    return [
        SchemaRegistered.record(
            id=ambient.new_id(), time=ambient.now_us(), schema=schema_bytes(cls)
        )
        for cls in event_classes()
        if not cls.type_name.startswith("ledger.") and schema_id(cls) not in known
    ]


def signed_stream(
    *,
    signer: Signer,
    log_id: bytes,
    groups: Sequence[tuple[int, Sequence[Event]]],
    ambient: Ambient = AMBIENT,
) -> list[bytes]:
    """Sign events as the entries of one new stream.

    Args:
        signer: the key of the stream.
        log_id: SHA-256 of the origin.
        groups: kind and events of each entry, the opening one first.
        ambient: clock and randomness.
    """
    stream_id, prev, values = ambient.random_bytes(16), NO_HASH, list[bytes]()
    for seq, (kind, events) in enumerate(groups):
        value = pack_entry(
            kind=kind,
            log_id=log_id,
            stream_id=stream_id,
            seq=seq,
            prev=prev,
            signer=signer,
            claimed_time_ms=ambient.now_us() // 1000,
            events=[_encoded(event) for event in events],
            seed=ambient.random_bytes(32),
        )
        values.append(value)
        prev = header_hash(value[8:180])
    return values


def _runs(facts: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Cut facts into runs that fit one entry each; few types make one schema list."""
    run: list[Event] = []
    bodies_len = 0
    schemas = len({fact.type_name for fact in facts})
    for fact in facts:
        length = len(_encoded(fact).body)
        size = packed_size(
            n_schemas=schemas, bodies_len=bodies_len + length, n_events=len(run) + 1
        )
        if run and (size > MAX_VALUE or len(run) == MAX_EVENTS):
            yield run
            run, bodies_len = [], 0
        run.append(fact)
        bodies_len += length
    if run:
        yield run


def _opened(identity: str, software: str, version: str, ambient: Ambient) -> Event:
    from ledger.events.ledger import StreamOpened

    return StreamOpened.record(
        id=ambient.new_id(),
        time=ambient.now_us(),
        identity=identity,
        software=software,
        version=version,
        host="",
        heartbeat_s=0,
        predecessor=None,
        seen_checkpoint=None,
    )


def _authorized(identity: str, public_key: bytes, ambient: Ambient) -> Event:
    from ledger.events.ledger import KeyAuthorized

    return KeyAuthorized.record(
        id=ambient.new_id(),
        time=ambient.now_us(),
        public_key=public_key,
        identity=identity,
        kind="person" if identity.startswith("person:") else "service",
        event_types=list(ALL_TYPES),
        attests=False,
    )


def _encoded(event: Event) -> EncodedEvent:
    from ledger.codec import encode

    schema_id, body = encode(event)
    return EncodedEvent(schema_id, body)


def _log_id(name: str) -> bytes:
    return sha256(f"{name}/control".encode()).digest()
