// What is recorded about a range of seal times (integrity_of_range): docs/format.md,
// "Answers asked anew".

import { hexOf } from "./bytes.mjs";
import { parseHeader } from "./entry.mjs";
import { MissingEvidenceError } from "./errors.mjs";
import { isOfOtherType, positionOf } from "./facts.mjs";
import { ACCEPTED, GAP } from "./leaf.mjs";
import { conflictRows } from "./conflicts.mjs";
import { grouped, idText, isInCalendar, orderBy, spelled, timeText } from "./rows.mjs";

const DUPLICATE = 1;
const FORK = 23;
const MAX_LONG = (1n << 63n) - 1n;
/** What the verdicts of refused records mean, in the words of an answer. */
const WORDS = {
  16: "not an entry",
  17: "the signature does not verify",
  18: "signed by a key the ledger does not know",
  19: "the key may not sign these events",
  20: "signed by a revoked key",
  21: "made for another log",
  22: "an entry of the stream is missing before it",
  23: "the stream has two histories",
  24: "the events differ from what the header commits to",
  25: "its schema is not registered",
  27: "larger than an entry may be",
  28: "the stream was closed",
};

/** The one row of the answer: a list for each of its parts. */
export function rangeRow(facts, bundle, { now, since, until, limit }) {
  const leaves = leavesOf(bundle, facts.registry);
  const isKnown = ({ sealedAt }) => until === null || sealedAt <= until;
  const isAsked = ({ sealedAt }) => since === null || sealedAt >= since;
  const known = leaves.filter(isKnown);
  return {
    origins: originRows(known.filter(isAsked)),
    rows: rowCounts(leaves, facts),
    refusals: refusalRows(known).slice(0, limit).filter(isAsked).map(shown),
    gaps: gapRows(known, facts, isKnown).filter(isAsked).map(shown),
    streams: streamRows(known, facts, until ?? now).map(shown),
    conflicts: conflictRows(facts, isKnown),
    unreadable: unreadableRows(facts, isKnown).slice(0, limit).filter(isAsked).map(shown),
  };
}

/** A row without what only orders it. */
function shown({ sealedAt, ...row }) {
  return row;
}

function leavesOf(bundle, registry) {
  return bundle.about.ranges.flatMap(({ log }) =>
    [...bundle.logs.get(log).leaves].map(([index, leaf]) => ({
      ...leaf,
      origin: `${registry.name}/${log}`,
      index,
      sealedAt: leaf.sealedAtMs * 1000n,
      header: headerOf(leaf),
    })),
  );
}

/** The header of whatever was sealed; in quarantine it need not be readable. */
function headerOf(leaf) {
  if (leaf.env.length === 0) return null;
  try {
    return parseHeader(leaf.env.slice(0, 172));
  } catch {
    return null;
  }
}

function eventsIn(leaves) {
  const accepted = leaves.filter(({ verdict }) => verdict === ACCEPTED);
  return accepted.reduce((sum, { header }) => sum + header.eventCount, 0);
}

function least(values) {
  return values.reduce((one, other) => (other < one ? other : one));
}

function most(values) {
  return values.reduce((one, other) => (other > one ? other : one));
}

function originRows(leaves) {
  const groups = orderBy([...grouped(leaves, ({ origin }) => origin)], ([origin]) => [origin]);
  return groups.map(([origin, found]) => {
    const count = (holds) => found.filter(({ verdict }) => holds(verdict)).length;
    const accepted = found.filter(({ verdict }) => verdict === ACCEPTED);
    const sealed = found.map(({ sealedAt }) => sealedAt);
    return {
      origin,
      leaves: found.length,
      first_leaf: Number(least(found.map(({ index }) => index))),
      last_leaf: Number(most(found.map(({ index }) => index))),
      accepted: accepted.length,
      duplicates: count((verdict) => verdict === DUPLICATE),
      quarantined: count((verdict) => verdict >= 16 && verdict < GAP),
      gaps: count((verdict) => verdict === GAP),
      events: eventsIn(found),
      streams: new Set(accepted.map(({ header }) => hexOf(header.streamId))).size,
      first_sealed_at: timeText(least(sealed)),
      last_sealed_at: timeText(most(sealed)),
    };
  });
}

/** Events as headers promise them, and as they were found; bounds do not count here. */
function rowCounts(leaves, facts) {
  const accepted = leaves.filter(({ verdict }) => verdict === ACCEPTED);
  const found = [
    ...facts.events.values(),
    ...facts.of.decision.values(),
    ...facts.repeated.map(({ fact }) => fact),
    ...facts.unreadable,
  ];
  const groups = orderBy([...grouped(accepted, ({ origin }) => origin)], ([origin]) => [origin]);
  return groups.map(([origin, mine]) => ({
    origin,
    events: eventsIn(mine),
    rows: found.filter((fact) => fact.origin === origin).length,
  }));
}

function momentOf(millis) {
  const micros = millis * 1000n;
  return isInCalendar(micros) ? timeText(micros) : null;
}

function atMost(number) {
  return Number(number > MAX_LONG ? MAX_LONG : number);
}

function refusalRows(leaves) {
  const refused = leaves.filter(({ verdict }) => verdict >= 16 && verdict < GAP);
  return orderBy(refused, (one) => [-one.sealedAt, one.origin, -one.index]).map(refusalRow);
}

function refusalRow(leaf) {
  const { header } = leaf;
  return {
    sealedAt: leaf.sealedAt,
    origin: leaf.origin,
    leaf: Number(leaf.index),
    sealed_at: timeText(leaf.sealedAt),
    claimed_time: header && momentOf(header.claimedTimeMs),
    broker_time: leaf.brokerTimestampMs === 0n ? null : momentOf(leaf.brokerTimestampMs),
    log_offset: atMost(leaf.offset),
    verdict: leaf.verdict,
    word: WORDS[leaf.verdict],
    aux: atMost(leaf.aux),
    record_hash: hexOf(leaf.recordHash),
    stream_id: header && idText(header.streamId),
    seq: header && Number(header.seq),
    key_fp: header && hexOf(header.keyFp),
    n_events: header && header.eventCount,
  };
}

function gapRows(leaves, facts, isKnown) {
  const holes = leaves.filter(({ verdict }) => verdict === GAP).map(holeRow);
  const declared = [...facts.of.gap.values()].filter(isKnown).map(declaredRow);
  const key = ({ sealedAt, position }) => [-sealedAt, position.origin, position.leaf];
  return orderBy([...holes, ...declared], key);
}

function holeRow({ sealedAt, origin, index, offset, aux }) {
  return {
    kind: "hole in the log",
    sealedAt,
    position: positionOf({ origin, leaf: index, index: 0 }),
    sealed_at: timeText(sealedAt),
    first: Number(offset),
    last: Number(aux),
    count: Number(aux - offset + 1n),
    cause: null,
    declared_by: null,
    event_id: null,
  };
}

function declaredRow(fact) {
  const { cause, first, last, count, declared_by: by } = fact.values;
  return {
    kind: "declared",
    sealedAt: fact.sealedAt,
    position: positionOf(fact),
    sealed_at: timeText(fact.sealedAt),
    first,
    last,
    count,
    cause,
    declared_by: by || fact.identity,
    event_id: fact.id,
  };
}

function streamRows(leaves, facts, at) {
  const accepted = leaves.filter(({ verdict }) => verdict === ACCEPTED);
  const streamOf = ({ origin, header }) => `${origin} ${hexOf(header.streamId)}`;
  const forks = leaves.filter(({ verdict, header }) => verdict === FORK && header);
  const frozen = new Set(forks.map(streamOf));
  const places = (table) =>
    new Map([...table.values()].map((fact) => [`${fact.origin} ${fact.leaf}`, fact]));
  const [opened, closed] = [places(facts.of.opening), places(facts.of.closing)];
  const rows = [...grouped(accepted, streamOf)].map(([key, found]) => {
    const [first, last] = [found[0], found.at(-1)];
    const begin = opened.get(`${first.origin} ${first.index}`) ?? null;
    const end = closed.get(`${last.origin} ${last.index}`) ?? null;
    return streamRow(found, begin, end, { isFrozen: frozen.has(key), at });
  });
  return orderBy(rows, ({ sealedAt, stream_id: id }) => [-sealedAt, id]);
}

function streamRow(found, begin, end, { isFrozen, at }) {
  const [first, last] = [found[0], found.at(-1)];
  const sealedAt = most(found.map((one) => one.sealedAt));
  const times = found.map(({ header }) => header.claimedTimeMs * 1000n).filter(isInCalendar);
  const own = begin?.values ?? {};
  const heartbeatS = own.heartbeat_s ?? null;
  const isSilent = heartbeatS !== null && sealedAt + BigInt(heartbeatS) * 3_000_000n < at;
  const isOpen = isSilent ? "silent" : "open";
  return {
    stream_id: idText(first.header.streamId),
    origin: first.origin,
    first_leaf: Number(first.index),
    last_leaf: Number(last.index),
    entries: found.length,
    events: eventsIn(found),
    sealedAt,
    last_sealed_at: timeText(sealedAt),
    last_time: times.length > 0 ? timeText(most(times)) : null,
    identity: begin?.identity ?? null,
    software: own.software ?? null,
    software_version: own.version ?? null,
    host: own.host ?? null,
    heartbeat_s: heartbeatS,
    opened_at: timeText(begin?.time ?? null),
    event_id: begin?.id ?? null,
    closed_at: timeText(end?.time ?? null),
    state: isFrozen ? "frozen" : end ? "closed" : isOpen,
  };
}

function unreadableRows(facts, isKnown) {
  const found = facts.unreadable.filter(isKnown);
  const ordered = orderBy(found, (one) => [-one.sealedAt, one.origin, one.leaf, one.index]);
  return ordered.map((fact) => ({
    sealedAt: fact.sealedAt,
    position: positionOf(fact),
    sealed_at: timeText(fact.sealedAt),
    schema_id: hexOf(fact.event.schemaId),
    digest: fact.digest,
  }));
}

/** An answer may call more unreadable: events of types whose columns are not known here. */
export function refuseOtherUnreadable(stated, [row], facts) {
  const places = new Set(row.unreadable.map(({ position }) => spelled(position)));
  const others = new Set(
    [...facts.events.values()].filter(isOfOtherType).map((fact) => spelled(positionOf(fact))),
  );
  const listed = Array.isArray(stated[0]?.unreadable) ? stated[0].unreadable : [];
  for (const one of listed) {
    const place = spelled(one?.position ?? null);
    if (places.has(place) || !others.has(place)) continue;
    const text = `${place}: this page does not know the columns of its type`;
    throw new MissingEvidenceError(text, { place: "answer.json" });
  }
}
