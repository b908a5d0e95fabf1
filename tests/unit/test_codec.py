"""What is written is read back; what Avro calls wrong is refused; fastavro agrees."""

from __future__ import annotations

import io
import json
import math
import time
import tracemalloc
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.avro import avro_schema, schema_bytes, schema_id
from ledger.avro_reader import compile_reader
from ledger.codec import (
    Decoder,
    Decoders,
    Encoder,
    encode,
    encode_fields,
    from_json,
    to_event,
    to_json,
)
from ledger.errors import InvalidEventError, MalformedError, UnknownEventTypeError
from ledger.events.base import Event, event_class, event_classes
from ledger.events.evaluation import CriteriaSet
from ledger.events.ledger import StreamReported
from ledger.events.prediction import DecisionRecorded
from tests.support.codec_vectors import FOLDER, altered_bodies, sample, zigzag
from tests.support.events import event_strategy, events_strategy

EVENTS = sorted(FOLDER.glob("event-*.json"))
BODIES = sorted(FOLDER.glob("body-*.json"))
DECISION = {
    "id": bytes(16),
    "time": 1_795_253_312_254_757,
    "release": bytes(16),
    "deployment": bytes(16),
    "path": "model",
    "mode": "advisory",
    "reason_codes": ["R01"],
}

TWICE = b'{"type":["null",[%s,%s]]}' % ((b'{"type":"fixed","name":"f","size":1}',) * 2)
FIELD = b'{"name":"a","type":"int"}'


def named(path: Path) -> str:
    return path.stem


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def decoders() -> Decoders:
    return Decoders(
        {schema_id(c): schema_bytes(c) for c in event_classes()}.__getitem__
    )


def fastavro_body(cls: type[Event], fields: dict[str, Any]) -> bytes:
    written = io.BytesIO()
    schema = fastavro.parse_schema(json.loads(schema_bytes(cls)))
    fastavro.schemaless_writer(written, schema, fields)
    return written.getvalue()


@pytest.mark.parametrize("path", EVENTS, ids=named)
def test_event_vector_is_written_and_read_as_it_says(path: Path) -> None:
    vector = load(path)
    event = from_json(vector["type"], vector["event"], version=vector["version"])
    encoded = encode(event)
    assert encoded.body.hex() == vector["body"]
    assert encoded.schema_id.hex() == vector["schema_id"]
    reader = decoders()
    decoded = reader.decode(encoded.schema_id, encoded.body)
    assert reader.decode(encoded.schema_id, encoded.body) == decoded
    assert to_json(decoded) == vector["event"]
    assert decoded.digest().hex() == vector["digest"]


@pytest.mark.parametrize("path", EVENTS, ids=named)
def test_event_vector_is_read_alike_by_fastavro(path: Path) -> None:
    vector = load(path)
    body = io.BytesIO(bytes.fromhex(vector["body"]))
    theirs = fastavro.schemaless_reader(
        body, fastavro.parse_schema(json.loads(vector["schema"]))
    )
    ours = Decoder(vector["schema"].encode()).decode(body.getvalue())
    assert theirs == ours
    assert body.read() == b""


@pytest.mark.parametrize("path", BODIES, ids=named)
def test_altered_body_vector_is_read_or_refused_as_it_says(path: Path) -> None:
    vector = load(path)
    decoder = Decoder(vector["schema"].encode())
    body = bytes.fromhex(vector["body"])
    if vector["refused"]:
        with pytest.raises(MalformedError):
            decoder.decode(body)
    else:
        assert decoder.decode(body)


@given(st.data(), st.sampled_from(event_classes()))
def test_a_body_that_is_read_is_read_alike_by_fastavro(
    data: st.DataObject, cls: type[Event]
) -> None:
    body = bytearray(encode(data.draw(event_strategy(cls))).body)
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(
            st.sampled_from([0, 1, 2, 4, 6, 8, 127, 128, 255])
        )
    try:
        ours = Decoder(schema_bytes(cls)).decode(bytes(body))
    except MalformedError:
        return
    theirs = fastavro.schemaless_reader(
        io.BytesIO(body), fastavro.parse_schema(json.loads(schema_bytes(cls)))
    )
    assert repr(theirs) == repr(ours)


def test_only_the_written_spelling_is_canonical() -> None:
    for case, (name, body, refused) in altered_bodies().items():
        decoder = Decoder(schema_bytes(event_class(name)))
        if case == "as-written":
            for _ in range(2):
                assert decoder.decode_canonical(body) == decoder.decode(body)
        else:
            with pytest.raises(MalformedError, match=None if refused else "spelling"):
                decoder.decode_canonical(body)


@given(events_strategy())
def test_every_event_survives_bytes_and_json(event: Event) -> None:
    encoded = encode(event)
    decoded = decoders().decode(*encoded)
    assert (decoded.name, decoded.version) == (event.type_name, event.type_version)
    assert (decoded.id, decoded.time) == (event.event_id, event.event_time)
    assert to_event(decoded) == event
    written = json.loads(json.dumps(to_json(event), allow_nan=False))
    assert from_json(event.type_name, written) == event
    assert to_json(decoded) == written


@given(events_strategy())
def test_fastavro_writes_the_same_bytes(event: Event) -> None:
    fields = event.model_dump(by_alias=True)
    assert fastavro_body(type(event), fields) == encode(event).body


@given(event_strategy(DecisionRecorded), st.data())
def test_a_flipped_or_cut_body_is_read_or_refused_and_nothing_else(
    event: DecisionRecorded, data: st.DataObject
) -> None:
    body = bytearray(encode(event).body)
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    decoder = Decoder(schema_bytes(DecisionRecorded))
    for altered in (bytes(body), cut):
        try:
            fields = decoder.decode(altered)
        except MalformedError:
            continue
        assert Decoder(schema_bytes(DecisionRecorded)).decode(altered) == fields


@given(st.binary(max_size=200), st.sampled_from(event_classes()))
def test_any_bytes_are_read_or_refused_for_any_type(
    body: bytes, cls: type[Event]
) -> None:
    try:
        fields = Decoder(schema_bytes(cls)).decode(body)
    except MalformedError:
        return
    assert set(fields) == {f["name"] for f in avro_schema(cls)["fields"]}


@pytest.mark.parametrize("count", [2**20, 2**40, 2**62, -(2**40), -(2**63)])
def test_a_huge_count_allocates_nothing_and_ends_at_once(count: int) -> None:
    decoder = Decoder(schema_bytes(StreamReported))
    body = bytes(16) + b"\x00" + zigzag(count) + zigzag(count)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(MalformedError):
        decoder.decode(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert time.process_time() - began < 1


def doubled(times: int) -> bytes:
    """A record of two records of two records …: many values where nothing is."""
    made = b'{"type":"fixed","name":"f0","size":1}'
    for number in range(1, times):
        pair = (made, b'"f%d"' % (number - 1))
        fields = b'[{"name":"a","type":%s},{"name":"b","type":%s}]' % pair
        made = b'{"type":"record","name":"f%d","fields":%s}' % (number, fields)
    return made


LAUGHS = doubled(14)


@pytest.mark.parametrize(
    "schema",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b"[" * 100_000,
        b'{"type":"record","type":"record","name":"x","fields":[]}',
        b'{"type":"record","name":"x"}',
        b'{"type":"record","name":"x","fields":[3]}',
        b'{"type":"record","name":"x","fields":[{"name":"a","type":"y"}]}',
        b'{"type":"record","name":"x","fields":[{"name":"a","type":["null","x"]}]}',
        b'{"type":"record","name":"x","fields":[%s,%s]}' % (FIELD, FIELD),
        b'{"type":"array","items":"null"}',
        b'{"type":"array","items":{"type":"fixed","name":"f","size":0}}',
        b'{"type":"fixed","name":"f","size":true}',
        b'{"type":"fixed","name":"f","size":4097}',
        b'{"type":"record","name":"x","fields":[{"name":"a","type":"null"}]}',
        b'{"type":"record","name":"x","fields":[{"name":"a","type":%s}]}' % LAUGHS,
        b'{"type":"enum","name":"e"}',
        b'{"type":7}',
        b'{"type":"map","values":{"type":"map"}}',
        TWICE,
        b'{"type":"array"}',
    ],
    ids=lambda schema: schema.decode("latin-1")[:60],
)
def test_a_schema_that_cannot_be_read_safely_is_refused(schema: bytes) -> None:
    with pytest.raises(MalformedError):
        Decoder(schema)


FOREIGN = {
    "type": "record",
    "name": "Foreign",
    "namespace": "org.example",
    "fields": [
        {"name": "small", "type": "int"},
        {"name": "half", "type": "float"},
        {"name": "wrapped", "type": {"type": "string"}},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a"]}},
        {"name": "again", "type": "Kind"},
        {"name": "other", "type": "org.example.Kind"},
        {"name": "maybe", "type": {"type": "array", "items": ["null", "long"]}},
    ],
}
FOREIGN_FIELDS = {
    "small": -(2**31),
    "half": 0.5,
    "wrapped": "x" * 100,
    "kind": "a",
    "again": "a",
    "other": "a",
    "maybe": [None, 7],
}


def foreign(**change: Any) -> bytes:
    """The foreign schema with the types of some fields changed, as an event's."""
    fields = [
        {**f, "type": change.get(f["name"], f["type"])} for f in FOREIGN["fields"]
    ]
    return json.dumps(
        {**FOREIGN, "name": "made_v1", "namespace": "mlledger.org.thing"}
        | {"fields": fields}
    ).encode()


def test_schemas_of_others_are_read_and_written_as_fastavro_does() -> None:
    schema = foreign(other="Kind")
    parsed = fastavro.parse_schema(json.loads(schema))
    theirs = io.BytesIO()
    fastavro.schemaless_writer(theirs, parsed, FOREIGN_FIELDS)
    assert Encoder(schema).encode(FOREIGN_FIELDS) == theirs.getvalue()
    assert Decoder(schema).decode(theirs.getvalue()) == FOREIGN_FIELDS
    assert Decoder(json.dumps(FOREIGN).encode()).decode(theirs.getvalue())


def test_unions_of_several_types_are_read_but_not_written() -> None:
    schema = foreign(other=["string", "null", "long"])
    parsed = fastavro.parse_schema(json.loads(schema))
    for value in ("x", None, 5):
        written = io.BytesIO()
        fastavro.schemaless_writer(written, parsed, FOREIGN_FIELDS | {"other": value})
        assert Decoder(schema).decode(written.getvalue())["other"] == value
    body = written.getvalue()
    for branch in (b"\x06", b"\x01"):
        altered = body.replace(b"\x04\x0a", branch + b"\x0a")
        assert altered != body
        with pytest.raises(MalformedError, match="no branch"):
            Decoder(schema).decode(altered)
    with pytest.raises(InvalidEventError, match="only unions of null"):
        Encoder(schema)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("small", 2**31, "the number is over 32 bits"),
        ("small", "1", "expected a whole number, not str"),
        ("half", 1e300, "the number is too large"),
        ("half", "0.5", "expected a number, not str"),
        ("kind", 0, "expected one of a, not int"),
        ("maybe", {1: 2}, "expected a list, not dict"),
        ("maybe", ["x"], "expected a whole number, not str"),
    ],
)
def test_a_value_of_another_type_is_not_written(
    field: str, value: Any, said: str
) -> None:
    with pytest.raises(InvalidEventError, match=f"{field}: {said}"):
        Encoder(foreign(other="Kind")).encode(FOREIGN_FIELDS | {field: value})


def test_a_record_and_a_map_are_not_written_from_something_else() -> None:
    fields = {"id": bytes(16), "time": 0, "counts": [1]}
    with pytest.raises(InvalidEventError, match="counts: expected a map, not list"):
        encode_fields(StreamReported, fields)
    seen = {"counts": {"x": 1}, "seen_checkpoint": "p0"}
    with pytest.raises(InvalidEventError, match="expected a record, not str"):
        encode_fields(StreamReported, fields | seen)


def test_an_int_of_33_bits_is_not_read() -> None:
    schema = foreign(small="long", other="Kind")
    body = Encoder(schema).encode(FOREIGN_FIELDS | {"small": 2**31})
    with pytest.raises(MalformedError, match="over 32 bits"):
        Decoder(foreign(other="Kind")).decode(body)


def test_names_of_a_schema_are_never_taken_for_code() -> None:
    names = ["@", "{0}", "'", '"""', "\n    return 1", "\\", "v0): pass #", "\ud800"]
    fields = [{"name": name, "type": ["null", "long"]} for name in names]
    read = compile_reader({"type": "record", "name": "R", "fields": fields})
    assert read(b"\x02\x02" * len(names)) == dict.fromkeys(names, 1)


def test_a_schema_nested_without_end_is_refused() -> None:
    kind: Any = "int"
    for _ in range(40):
        kind = {"type": "array", "items": kind}
    with pytest.raises(MalformedError, match="too deeply"):
        Decoder(foreign(small=kind))


def test_a_schema_without_envelope_is_no_event() -> None:
    schema = (
        b'{"name":"made_v1","namespace":"mlledger.x.y","type":"record","fields":'
        b'[{"name":"a","type":"int"}]}'
    )
    with pytest.raises(MalformedError, match="no id and time"):
        Decoders(lambda _: schema).decode(bytes(32), b"\x02")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": b"short"}, "id: expected 16 bytes, not 5 bytes"),
        ({"id": "0" * 16}, "id: expected 16 bytes, not str"),
        ({"time": 1.5}, "time: expected a whole number, not float"),
        ({"time": True}, "time: expected a whole number, not bool"),
        ({"time": 2**63}, "time: the number is over 64 bits"),
        ({"time": None}, "time: expected a whole number, not nothing"),
        ({"output": 3}, "output: expected text, not int"),
        ({"output": "\ud800"}, "output: the text holds half a character"),
        ({"mode": "sleepy"}, "mode: expected one of unknown, shadow"),
        ({"adverse": 1}, "adverse: expected true or false, not int"),
        ({"reason_codes": "R01"}, "reason_codes: expected a list, not str"),
        ({"payload_commitment": "ab"}, "payload_commitment: expected bytes, not str"),
        ({"score": 1}, "no such field: score"),
    ],
)
def test_the_fast_way_in_names_the_field_that_does_not_fit(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidEventError) as caught:
        encode_fields(DecisionRecorded, DECISION | change)
    assert str(caught.value).startswith(f"prediction.decision.recorded: {said}")


def test_the_fast_way_in_writes_what_the_event_would() -> None:
    event = DecisionRecorded.record(**DECISION)
    assert encode_fields(DecisionRecorded, DECISION) == encode(event).body


def test_a_nested_field_is_named_by_its_path() -> None:
    encoder = Encoder(schema_bytes(CriteriaSet))
    fields = sample(CriteriaSet)
    fields["meta"]["id"] = b""
    with pytest.raises(InvalidEventError, match=r"\.set: meta: id: expected 16 bytes"):
        encoder.encode(fields)


def test_numbers_that_are_no_json_survive_it() -> None:
    for value in (math.inf, -math.inf, math.nan):
        fields = sample(CriteriaSet) | {"limit": value}
        written = to_json(CriteriaSet.validated(fields))
        assert written["limit"] == {math.inf: "Infinity", -math.inf: "-Infinity"}.get(
            value, "NaN"
        )
        back = from_json("evaluation.criteria.set", written)
        assert repr(back.model_dump()["limit"]) == repr(value)


def test_json_by_hand_gets_id_time_and_basis() -> None:
    event = from_json(
        "data.source.registered", {"source": "crm", "title": "CRM", "kind": "postgres"}
    )
    meta = to_json(event)["meta"]
    assert meta["basis"] == "declared"
    assert event.event_id[6] >> 4 == 7
    assert meta["time"].endswith("Z")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"sorce": "x"}, "sorce: no such field; did you mean source?"),
        ({"zzz": 1}, "zzz: no such field; allowed: meta, source, title, kind"),
        ({"source": 3}, "source: Input should be a valid string"),
        ({"source": ""}, "source: String should have at least 1 character"),
        ({"source": "a\x00b"}, "source: holds the control character U+0000"),
        ({}, "source: is required (name of the source, never reused)"),
        ({"meta": {"basis": "guess"}}, "meta.basis: Input should be 'unknown', 'obs"),
        ({"meta": {"id": "7"}}, "meta.id: not a UUID"),
        ({"meta": {"time": "noon"}}, "meta.time: 'noon' is not a time (ISO 8601"),
        ({"meta": {"time": -1}}, "meta.time: Input should be greater than or equal"),
        (
            {"meta": {"external_refs": [{"sytem": "x", "id": "1"}]}},
            "[0].sytem: no such",
        ),
        ({"meta": 7}, "meta: Input should be a valid dictionary"),
    ],
)
def test_json_that_does_not_fit_says_where_what_and_what_would(
    data: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidEventError) as caught:
        from_json("data.source.registered", data)
    assert said in str(caught.value)
    assert str(caught.value).startswith("data.source.registered: ")


def test_an_unknown_type_names_its_neighbours() -> None:
    with pytest.raises(UnknownEventTypeError, match=r"did you mean data\.source\.reg"):
        from_json("data.sorce.registered", {})
    with pytest.raises(UnknownEventTypeError, match="has no version 9"):
        from_json("data.source.registered", {}, version=9)


def test_bytes_in_json_are_hex_or_marked_base64() -> None:
    for text in ("00ff", "base64:AP8="):
        event = from_json("ledger.schema.registered", {"schema": text})
        assert to_json(event)["schema"] == "00ff"
    for text in ("xyz", "0", "base64:?"):
        with pytest.raises(InvalidEventError, match="schema: not b"):
            from_json("ledger.schema.registered", {"schema": text})


def test_a_type_of_a_later_release_is_printed_by_its_values() -> None:
    schema = schema_bytes(DecisionRecorded).replace(b"recorded_v1", b"recorded_v9")
    decoded = Decoders(lambda _: schema).decode(
        bytes(32), encode_fields(DecisionRecorded, DECISION)
    )
    with pytest.raises(UnknownEventTypeError):
        to_event(decoded)
    printed = to_json(decoded)
    assert printed["id"] == "00000000-0000-0000-0000-000000000000"
    assert printed["time"] == "2026-11-21T09:28:32.254757Z"
