// Entries, their headers and event leaves: docs/format.md, sections 4 and 5.

import {
  concat,
  hexOf,
  isEqual,
  isZero,
  u32Bytes,
  u64At,
  u64Bytes,
  uintAt,
  utf8,
} from "./bytes.mjs";
import { sha256, verifyEd25519 } from "./crypto.mjs";
import { IntegrityError, SignatureError, require } from "./errors.mjs";
import { leafHash, rootOf } from "./merkle.mjs";
import { builtInIds } from "./schemas.mjs";

export const DATA = 1;
export const OPEN = 2;
export const CLOSE = 3;
export const HEARTBEAT = 4;
export const ENV_SIZE = 236;
export const MAX_VALUE = 921_600;
const HEADER_SIZE = 172;
const MAX_EVENT = 524_288;
const MAX_EVENTS = { [DATA]: 4096, [OPEN]: 2, [CLOSE]: 1, [HEARTBEAT]: 1 };
const PAYLOAD_AT = 248;
const SCHEMAS_AT = PAYLOAD_AT + 33;
const TWO_63 = 1n << 63n;
const PAYLOAD_TYPE = "application/vnd.mlledger.entry-header.v1";
const LEAF_CONTEXT = utf8("mlledger/event/v1\n");

/** DSSE pre-authentication encoding. Source: DSSE protocol v1.0.2. */
export function pae(type, body) {
  const kind = utf8(type);
  return concat(utf8(`DSSEv1 ${kind.length} ${type} ${body.length} `), body);
}

/** Take the 172 header bytes apart. */
export function parseHeader(bytes) {
  require(bytes.length === HEADER_SIZE, `header of ${bytes.length} bytes`);
  const isOurs = textOrEmpty(bytes.subarray(0, 4)) === "MLLH" && uintAt(bytes, 4, 2) === 1;
  require(isOurs && bytes[7] === 0, "header: wrong magic, version or flags");
  const header = {
    bytes,
    kind: bytes[6],
    logId: bytes.slice(8, 40),
    streamId: bytes.slice(40, 56),
    seq: u64At(bytes, 56),
    prev: bytes.slice(64, 96),
    keyFp: bytes.slice(96, 128),
    claimedTimeMs: u64At(bytes, 128),
    eventCount: uintAt(bytes, 136, 4),
    eventsRoot: bytes.slice(140, 172),
  };
  checkHeader(header);
  return header;
}

function checkHeader({ kind, seq, prev, claimedTimeMs, eventCount }) {
  require(kind >= DATA && kind <= HEARTBEAT, `header: no entry kind ${kind}`);
  const inRange = seq < TWO_63 && claimedTimeMs < TWO_63;
  require(inRange, "header: seq and claimed time are below 2^63");
  require((kind === OPEN) === (seq === 0n), "header: what opens a stream has seq 0");
  require(seq > 0n || isZero(prev), "header: prev is zero at seq 0");
  const fits = eventCount >= 1 && eventCount <= MAX_EVENTS[kind];
  require(fits, `header: ${eventCount} events`);
}

function textOrEmpty(bytes) {
  return String.fromCharCode(...bytes);
}

/** Whether an entry has the shape of a genesis: it opens with two events. */
export function isGenesis(header) {
  return header.kind === OPEN && header.eventCount === 2;
}

/** Take the value of a log record apart; checks neither signature nor root. */
export async function parseEntry(value) {
  require(value.length <= MAX_VALUE, `entry of ${value.length} bytes`);
  const front = hexOf(value.subarray(0, 8));
  const isOurs = front === "4d4c4c45000100ac" && value.length >= SCHEMAS_AT;
  require(isOurs, "not an entry: wrong first bytes or too short");
  const isWhole = uintAt(value, 244, 4) === value.length - PAYLOAD_AT;
  require(isWhole, "payload length differs from the length of the value");
  const header = parseHeader(value.slice(8, 180));
  const schemaIds = parseSchemaIds(value);
  const events = parseEvents(value, header.eventCount, schemaIds);
  await checkTypes(header, schemaIds);
  return {
    value,
    header,
    signature: value.slice(180, 244),
    env: value.slice(8, 244),
    seed: value.slice(PAYLOAD_AT, PAYLOAD_AT + 32),
    schemaIds,
    events,
  };
}

function parseSchemaIds(value) {
  const count = value[SCHEMAS_AT - 1];
  const end = SCHEMAS_AT + 32 * count;
  require(count > 0 && end <= value.length, "schema ids: none, or cut off");
  const ids = Array.from({ length: count }, (_, i) =>
    value.slice(SCHEMAS_AT + 32 * i, SCHEMAS_AT + 32 * (i + 1)),
  );
  const distinct = new Set(ids.map(hexOf));
  require(distinct.size === count, "schema ids: one stands there twice");
  return ids;
}

function parseEvents(value, count, schemaIds) {
  let [at, used] = [SCHEMAS_AT + 32 * schemaIds.length, 0];
  const events = [];
  for (let i = 0; i < count; i += 1) {
    require(at + 5 <= value.length, "events: cut off");
    const number = value[at];
    require(number <= used, "schema ids are not in order of first use");
    require(number < schemaIds.length, "events: no such schema id");
    if (number === used) used += 1;
    const length = uintAt(value, at + 1, 4);
    const start = at + 5;
    at = start + length;
    require(length <= MAX_EVENT, `an event of ${length} bytes`);
    require(at <= value.length, "events: cut off");
    events.push({ schemaId: schemaIds[number], body: value.slice(start, at) });
  }
  const exact = at === value.length && used === schemaIds.length;
  require(exact, "events: trailing bytes or an unused schema id");
  return events;
}

/** Refuse an entry whose event types do not fit its kind. */
async function checkTypes(header, schemaIds) {
  const ids = await builtInIds();
  const marks = {
    [OPEN]: ids["ledger.stream.opened"],
    [CLOSE]: ids["ledger.stream.closed"],
    [HEARTBEAT]: ids["ledger.stream.reported"],
  };
  const own = marks[header.kind];
  const all = schemaIds.map(hexOf);
  require(!own || all[0] === own, "the first event does not fit the kind of the entry");
  const others = own ? all.slice(1) : all;
  const isStray = others.some((id) => Object.values(marks).includes(id));
  require(!isStray, "a ledger.stream event stands outside its own entry");
  const founds = others.length === 1 && others[0] === ids["ledger.root.set"];
  require(!isGenesis(header) || founds, "two opening events that are no genesis");
}

/** Check that a header was signed by a key whose fingerprint it names. */
export async function verifyHeader(header, signature, publicKey, what) {
  if (!isEqual(await sha256(publicKey), header.keyFp)) {
    throw new SignatureError(`${what}: the entry names another key`);
  }
  await verifyEd25519(publicKey, signature, pae(PAYLOAD_TYPE, header.bytes), what);
}

export async function eventSalt(seed, index) {
  return (await sha256(concat(seed, u32Bytes(index)))).slice(0, 16);
}

/** The leaf data of one event, before leaf hashing. */
export function eventLeaf({ header, index, schemaId, salt, body }) {
  const place = concat(header.streamId, u64Bytes(header.seq), u32Bytes(index));
  return concat(LEAF_CONTEXT, place, schemaId, salt, body);
}

/** Leaf hashes of all events of an entry. */
export function eventHashes(entry) {
  return Promise.all(
    entry.events.map(async ({ schemaId, body }, index) => {
      const salt = await eventSalt(entry.seed, index);
      return leafHash(eventLeaf({ header: entry.header, index, schemaId, salt, body }));
    }),
  );
}

/** Check that the events are those the header commits to. */
export async function verifyEventsRoot(entry, what) {
  const computed = await rootOf(await eventHashes(entry));
  if (isEqual(computed, entry.header.eventsRoot)) return;
  throw new IntegrityError(`${what}: the events are not those that were signed`, {
    expected: hexOf(entry.header.eventsRoot),
    actual: hexOf(computed),
  });
}

