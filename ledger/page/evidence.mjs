// The events of a bundle and their schemas: docs/format.md, steps 1, 2 and 8.

import { decodeBody, decodeCanonical, typeOfSchema } from "./avro.mjs";
import { hexOf, isEqual } from "./bytes.mjs";
import { verifyControlClocks } from "./clocks.mjs";
import { sha256 } from "./crypto.mjs";
import {
  MAX_VALUE,
  eventLeaf,
  eventSalt,
  parseEntry,
  parseHeader,
  verifyEventsRoot,
} from "./entry.mjs";
import { IntegrityError, MalformedError, MissingEvidenceError, require } from "./errors.mjs";
import { ACCEPTED, GAP, VERDICTS } from "./leaf.mjs";
import { leafHash } from "./merkle.mjs";
import { Hashes, requireRoot, walkRange } from "./range.mjs";
import { builtIn } from "./schemas.mjs";

const NO_BYTES = new Uint8Array(0);

/** Where a leaf stands, in words. */
export function placeOfLeaf(log, index) {
  return `${log} leaf ${index}`;
}

/**
 * Gather all disclosed events, from events.bin and from accepted records.
 * A record that does not parse is left to step 2.
 */
export async function gatherEvents(bundle) {
  const events = [];
  for (const found of bundle.logs.values()) {
    for (const event of found.events) {
      events.push({ ...disclosed(found, event.leaf, event), isShown: true });
    }
    found.entries = new Map();
    for (const [index, value] of found.records) {
      await gatherRecord(found, index, value, events);
    }
  }
  return events;
}

async function gatherRecord(found, index, value, events) {
  const leaf = found.leaves.get(index);
  if (leaf.verdict !== ACCEPTED) return;
  const entry = await entryOrError(value);
  found.entries.set(index, entry);
  for (const [place, event] of (entry.events ?? []).entries()) {
    const salt = await eventSalt(entry.seed, place);
    events.push(disclosed(found, index, { ...event, index: place, salt }));
  }
}

async function entryOrError(value) {
  try {
    return await parseEntry(value);
  } catch (error) {
    return { error };
  }
}

function disclosed(found, leafIndex, { index, schemaId, salt, body }) {
  const leaf = found.leaves.get(leafIndex);
  const place = `${placeOfLeaf(found.log, leafIndex)} event ${index}`;
  return { log: found.log, leafIndex, leaf, index, schemaId, salt, body, place };
}

/** Of a bundle that does not say what it is about, whether its parts fit together. */
export async function checkUndescribed({ logs }, findings) {
  for (const found of logs.values()) {
    await findings.check(() => verifyAccepted(found));
    for (const { error } of found.entries.values()) {
      await findings.check(() => {
        if (error) throw error;
      });
    }
  }
}

/** Refuse schemas that no disclosed event uses. */
export async function checkSchemasUsed(bundle, events) {
  const used = new Set(events.map((event) => hexOf(event.schemaId)));
  for (const [id] of bundle.schemas) {
    const name = `schema/${id}.json`;
    require(used.has(id), `${name}: no event uses it`, { place: name });
    const isOurs = await builtIn(id);
    require(!isOurs, `${name}: it is built in`, { place: name });
  }
}

/** Step 2: every event leads to the events_root of its header, each record to its leaf. */
export async function verifyEvents(bundle, findings) {
  for (const found of bundle.logs.values()) {
    await findings.check(() => verifyDisclosed(found));
    for (const [index, value] of found.records) {
      await findings.check(() => verifyRecord(found, index, value));
    }
  }
}

async function verifyDisclosed(found) {
  const what = `${found.log}/events.proof`;
  const hashes = new Hashes(found.eventsProof ?? NO_BYTES, what);
  for (const [index, events] of groupByLeaf(found.events)) {
    const leaf = found.leaves.get(index);
    const place = placeOfLeaf(found.log, index);
    const header = headerOf(leaf, place);
    const leaves = await Promise.all(
      events.map(async (event) => ({
        index: BigInt(event.index),
        hash: await leafHash(eventLeaf({ ...event, header })),
      })),
    );
    const size = BigInt(header.eventCount);
    const { root } = await walkRange({ leaves, size, hashes });
    requireRoot(header.eventsRoot, root, `${place}: events_root`);
  }
  hashes.requireEnd();
}

function groupByLeaf(events) {
  const groups = new Map();
  for (const event of events) {
    if (!groups.has(event.leaf)) groups.set(event.leaf, []);
    groups.get(event.leaf).push(event);
  }
  return groups;
}

function headerOf(leaf, place) {
  require(leaf.env.length > 0, `${place}: no header, so no event can be disclosed`, { place });
  return leaf.header ?? parseHeader(leaf.env.slice(0, 172));
}

async function verifyRecord(found, index, value) {
  const leaf = found.leaves.get(index);
  const place = placeOfLeaf(found.log, index);
  require(leaf.verdict !== GAP, `${place}: a gap that has a record`, { place });
  const hash = await sha256(value);
  if (!isEqual(hash, leaf.recordHash)) {
    throw new IntegrityError(`${place}: the record is not the one that was sealed`, {
      place,
      expected: hexOf(leaf.recordHash),
      actual: hexOf(hash),
    });
  }
  const isEntry = value.length >= 244 && hexOf(value.subarray(0, 8)) === "4d4c4c45000100ac";
  const env = isEntry ? value.subarray(8, 244) : NO_BYTES;
  if (!isEqual(env, leaf.env)) {
    throw new IntegrityError(`${place}: the leaf shows another header or signature`, { place });
  }
  if (leaf.verdict !== ACCEPTED) return;
  require(value.length <= MAX_VALUE, `${place}: an accepted record that is too large`);
  const entry = found.entries.get(index);
  if (entry.error) throw entry.error;
  await verifyEventsRoot(entry, place);
}

/** Step 4: leaves of events are accepted; a range is whole; numbers never go back. */
export async function verifyLeaves(bundle, findings) {
  const ranges = new Map(bundle.about.ranges.map((range) => [range.log, range]));
  for (const found of bundle.logs.values()) {
    await findings.check(() => verifyAccepted(found));
    await findings.check(() => verifyOrder(found));
    if (ranges.has(found.log)) {
      await findings.check(() => verifyWhole(found, ranges.get(found.log)));
    }
    if (found.log !== "control") {
      await verifyControlClocks(found, bundle.logs.get("control"), { placeOfLeaf, findings });
    }
  }
}

function verifyAccepted({ log, leaves, events }) {
  for (const event of events) {
    const leaf = leaves.get(event.leaf);
    if (leaf.verdict === ACCEPTED) continue;
    const place = placeOfLeaf(log, event.leaf);
    const facts = { place, expected: "ACCEPTED", actual: VERDICTS[leaf.verdict] };
    throw new IntegrityError(`${place}: the ledger did not accept this entry`, facts);
  }
}

function verifyOrder({ log, leaves }) {
  let [sealedAt, registrySize] = [0n, 0n];
  for (const [index, leaf] of leaves) {
    const place = placeOfLeaf(log, index);
    const isAfter = leaf.sealedAtMs >= sealedAt && leaf.registrySize >= registrySize;
    if (!isAfter) {
      throw new IntegrityError(`${place}: sealed earlier than a leaf before it`, { place });
    }
    [sealedAt, registrySize] = [leaf.sealedAtMs, leaf.registrySize];
  }
}

function verifyWhole({ log, leaves, records }, { first, last }) {
  let next = null;
  for (let index = first; index <= last; index += 1n) {
    const place = placeOfLeaf(log, index);
    const leaf = leaves.get(index);
    require(leaf, `${place}: missing from a range that should be whole`, { place });
    const isGap = leaf.verdict === GAP;
    require(isGap || records.has(index), `${place}: its record is missing`, { place });
    if (next !== null && leaf.offset !== next) {
      const facts = { place, expected: `${next}`, actual: `${leaf.offset}` };
      throw new IntegrityError(`${place}: an offset of the log is skipped`, facts);
    }
    next = (isGap ? leaf.aux : leaf.offset) + 1n;
  }
}

/** Type, version and exact schema of an event; an absent schema cannot be checked. */
export async function schemaOf(bundle, schemaId) {
  const id = hexOf(schemaId);
  const own = await builtIn(id);
  if (own) return own;
  const bytes = bundle.schemas.get(id);
  if (!bytes) {
    const place = `schema/${id}.json`;
    throw new MissingEvidenceError(`${place}: absent`, { place });
  }
  if (!bundle.types.has(id)) bundle.types.set(id, { ...typeOfSchema(bytes), bytes });
  return bundle.types.get(id);
}

/**
 * Step 8: decode every disclosed body, exactly consumed; in control, exactly spelled.
 * A body of a whole record that does not decode is counted: no verdict asked for it.
 */
export async function decodeEvents(bundle, events, findings) {
  let unread = 0;
  for (const event of events) {
    await findings.check(async () => {
      try {
        await decodeEvent(bundle, event);
      } catch (error) {
        if (event.isShown || !(error instanceof MalformedError)) throw error;
        unread += 1;
      }
    });
  }
  return unread;
}

/** Decode one event once; afterwards it has `type` and `fields`. */
export async function decodeEvent(bundle, event) {
  if (event.fields) return event;
  const schema = await schemaOf(bundle, event.schemaId);
  event.type = schema.name;
  event.version = schema.version;
  const isControl = event.log === "control" && schema.name.startsWith("ledger.");
  const decode = isControl ? decodeCanonical : decodeBody;
  try {
    event.fields = decode(schema.bytes, event.body);
  } catch (error) {
    error.message = `${event.place}: ${error.message}`;
    error.place ??= event.place;
    throw error;
  }
  return event;
}

/** The id of a decoded event: 16 bytes in hex. */
export function eventId({ fields }) {
  const id = fields.id ?? fields.meta?.id;
  return id instanceof Uint8Array ? hexOf(id) : null;
}

/** The claimed time of a decoded event, microseconds since 1970. */
export function eventTime({ fields }) {
  const time = fields.time ?? fields.meta?.time;
  return typeof time === "bigint" ? time : null;
}
