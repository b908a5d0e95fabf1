"""The schema of a type is a fixed text: derived, closed, and part of the format."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import fastavro
import pytest

from ledger.avro import (
    avro_schema,
    built_in_schemas,
    class_of_schema,
    schema_bytes,
    schema_id,
    type_of_schema,
)
from ledger.errors import MalformedError
from ledger.events.base import Event, event_classes
from tests.support.codec_vectors import FOLDER, all_vectors

ORDER = [
    *("name", "namespace", "type", "fields", "symbols"),
    *("items", "values", "size", "default", "logicalType"),
]
CLASSES = event_classes()


def named(cls: type[Event]) -> str:
    return cls.type_name


def objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in objects(value))]
    return []


@pytest.mark.parametrize("cls", CLASSES, ids=named)
def test_schema_equals_the_golden_text(cls: type[Event]) -> None:
    name = f"event-{cls.type_name}.v{cls.type_version}.json"
    vector = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert schema_bytes(cls).decode() == vector["schema"]
    assert schema_id(cls).hex() == vector["schema_id"]
    assert sha256(vector["schema"].encode()).hexdigest() == vector["schema_id"]


def test_every_type_has_a_vector_and_every_vector_a_type() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(all_vectors())


@pytest.mark.parametrize("cls", CLASSES, ids=named)
def test_schema_is_compact_ordered_and_undocumented(cls: type[Event]) -> None:
    text = schema_bytes(cls).decode()
    schema = json.loads(text)
    compact = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
    assert text == compact
    for node in objects(schema):
        keys = list(node)
        assert keys == sorted(keys, key=ORDER.index)
        assert not {"doc", "logicalType"} & set(keys)


@pytest.mark.parametrize("cls", CLASSES, ids=named)
def test_enumerations_and_nullable_fields_have_their_defaults(cls: type[Event]) -> None:
    for node in objects(avro_schema(cls)):
        if node["type"] == "enum":
            assert node["symbols"][0] == node["default"] == "unknown"
        if isinstance(node["type"], list):
            assert node["type"][0] == "null"
            assert len(node["type"]) == 2
            assert node["default"] is None
        elif node["type"] != "enum":
            assert "default" not in node


@pytest.mark.parametrize("cls", CLASSES, ids=named)
def test_schema_is_avro_in_the_eyes_of_fastavro(cls: type[Event]) -> None:
    parsed: Any = fastavro.parse_schema(json.loads(schema_bytes(cls)))
    family, noun, verb = cls.type_name.split(".")
    assert parsed["name"] == f"mlledger.{family}.{noun}.{verb}_v{cls.type_version}"


@pytest.mark.parametrize("cls", CLASSES, ids=named)
def test_type_is_read_from_the_schema_alone(cls: type[Event]) -> None:
    assert type_of_schema(schema_bytes(cls)) == (cls.type_name, cls.type_version)
    assert class_of_schema(schema_id(cls)) is cls


@pytest.mark.parametrize(
    ("name", "namespace", "kind"),
    [
        ("set", "mlledger.a.b", "record"),
        ("set_v0", "mlledger.a.b", "record"),
        ("set_v01", "mlledger.a.b", "record"),
        ("set_v1", "a.b", "record"),
        ("set_v1", "mlledger.a", "record"),
        ("set_v1", "mlledger.a.b.c", "record"),
        ("set_v1", "mlledger.a.b", "enum"),
        ("mlledger.a.b.set_v1", None, "record"),
        ("Set_v1", "mlledger.a.b", "record"),
    ],
)
def test_another_form_of_name_is_no_event_type(
    name: str, namespace: str | None, kind: str
) -> None:
    schema = {"name": name, "namespace": namespace, "type": kind, "fields": []}
    with pytest.raises(MalformedError, match="not the schema of an event type"):
        type_of_schema(json.dumps(schema).encode())


def test_bodies_of_the_ledger_family_begin_with_id_and_time() -> None:
    ledger = built_in_schemas("ledger.")
    assert len(ledger) == sum(c.type_name.startswith("ledger.") for c in CLASSES)
    for schema in ledger.values():
        first, second = json.loads(schema)["fields"][:2]
        assert (first["name"], second) == ("id", {"name": "time", "type": "long"})
        assert first["type"] == {
            "name": "Id",
            "namespace": "mlledger",
            "type": "fixed",
            "size": 16,
        }


LEDGER_FIELDS = """
ledger.root.set name:string origins:[string] root_keys:[bytes] threshold:int
  log_keys:[string] operator_keys:[bytes]
ledger.statement.endorsed statement_schema:bytes statement:bytes
  endorsements:[key_fp:bytes,sig:bytes]
ledger.key.authorized public_key:bytes identity:string kind:(unknown|service|person)
  event_types:[string] attests:boolean
ledger.key.revoked key_fp:bytes compromised_since:long? reason:string
ledger.key.rotated old_key_fp:bytes public_key:bytes
ledger.schema.registered schema:bytes
ledger.log.opened origin:string vkey:string
ledger.log.closed origin:string size:long root:bytes
ledger.log.trimmed origin:string before_offset:long rule:string archive:bytes?
ledger.log_key.announced origin:string vkey:string
ledger.log_key.retired origin:string vkey:string
ledger.witness_policy.set policy:string
ledger.manifest.published checkpoints:[origin:string,size:long,root:bytes]
ledger.projection.digested projection:string version:string
  checkpoints:[origin:string,size:long,root:bytes]
  tables:[table:string,rows:long,digest:bytes]
ledger.setting.changed setting:string before:string? after:string? by:string?
ledger.event.corrected original:id:mlledger.Id,digest:string
  correction:mlledger.Ref? reason:string by:string?
ledger.stream.opened identity:string software:string version:string host:string
  heartbeat_s:int
  predecessor:stream_id:bytes,seq:long?,header_hash:bytes?,in_flight:[bytes]?
  seen_checkpoint:origin:string,size:long,root:bytes?
ledger.stream.reported counts:{long}
  seen_checkpoint:origin:string,size:long,root:bytes?
ledger.stream.closed counts:{long}
ledger.gap.declared stream_id:bytes? cause:string first:long? last:long? count:long?
  declared_by:string?
"""


def test_fields_of_the_ledger_family_are_those_of_the_format() -> None:
    found = [
        " ".join(
            [cls.type_name]
            + [
                f"{f['name']}:{_short(f['type'])}"
                for f in avro_schema(cls)["fields"][2:]
            ]
        )
        for cls in CLASSES
        if cls.type_name.startswith("ledger.")
    ]
    written = LEDGER_FIELDS.strip().replace("\n  ", " ").splitlines()
    assert sorted(found) == sorted(written)


def _short(kind: Any) -> str:
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return _short(kind[1]) + "?"
    if kind["type"] == "array":
        return f"[{_short(kind['items'])}]"
    if kind["type"] == "map":
        return f"{{{_short(kind['values'])}}}"
    if kind["type"] == "enum":
        return f"({'|'.join(kind['symbols'])})"
    return ",".join(f"{f['name']}:{_short(f['type'])}" for f in kind["fields"])
