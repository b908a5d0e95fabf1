// What a result tells in plain words: the subject, its three times, every event.

import { hexOf } from "./bytes.mjs";
import { eventTime } from "./evidence.mjs";

const NOT_RECORDED = "Not recorded";
/** A range may hold more events than anybody reads on a page. */
const MAX_DESCRIBED = 1000;

/** The subject, its three times, and all events of a bundle. */
export function summary({ bundle, events, registry }) {
  if (!bundle) return { about: null, subject: null, events: [], eventCount: 0 };
  const { kind, subject, ranges, question } = bundle.about;
  const decoded = events.filter((event) => event.fields);
  const isSubject = (event) =>
    subject &&
    event.log === subject.log &&
    event.leafIndex === subject.leaf &&
    BigInt(event.index) === subject.index;
  const words = (event) => describe(event, registry, bundle);
  const [found] = decoded.filter(isSubject).map(words);
  return {
    about: { kind, ledger: registry?.name ?? null, question, ranges: plain(ranges) },
    subject: found ?? null,
    events: decoded.slice(0, MAX_DESCRIBED).map(words),
    eventCount: decoded.length,
  };
}

/** Claimed, sealed and attested-not-later-than, as ISO texts or words. */
function timesOf(event, bundle) {
  const claimed = event.fields ? eventTime(event) : null;
  const found = bundle.logs.get(event.log);
  const isInCut = event.log === bundle.about.manifest?.log;
  const isCovered = isInCut || event.leafIndex < (found.coveredSize ?? 0n);
  return {
    claimed: claimed === null ? NOT_RECORDED : isoOfMicros(claimed),
    sealed: isoOfMicros(event.leaf.sealedAtMs * 1000n),
    attested: (isCovered && bundle.attested?.words) || NOT_RECORDED,
    attestedBy: isCovered ? (bundle.attested?.by ?? null) : null,
    witnessed: found.witnessedS == null ? null : isoOfMicros(found.witnessedS * 1000000n),
  };
}

/** Microseconds since 1970 as ISO 8601 text; a time beyond the calendar as a number. */
function isoOfMicros(micros) {
  const whole = new Date(Number(micros / 1000n));
  if (Number.isNaN(whole.getTime()) || micros < 0n) return `${micros} µs since 1970`;
  const rest = String(micros % 1000n).padStart(3, "0");
  return whole.toISOString().replace("Z", rest === "000" ? "Z" : `${rest}Z`);
}

function describe(event, registry, bundle) {
  const { header } = event.leaf;
  const signer = header && registry ? registry.signer(header.keyFp) : null;
  return {
    log: event.log,
    leaf: String(event.leafIndex),
    index: event.index,
    place: event.place,
    type: event.type ?? null,
    row: event.row ?? null,
    signer: signer?.name ?? "unknown key",
    kind: signer?.kind ?? null,
    times: timesOf(event, bundle),
    fields: event.fields ? plain(event.fields) : null,
  };
}

/** Decoded values as plain JSON: bytes as hex, longs as texts. */
export function plain(value) {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const members = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}
