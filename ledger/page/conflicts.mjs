// Two things under one name: docs/format.md, "Answers asked anew".

import { positionOf } from "./facts.mjs";
import { compareKeys, grouped, orderBy, spelled } from "./rows.mjs";

const LABELS = [
  ["model version", "version", "artifact_digest"],
  ["release", "release", "release_digest"],
];

/** One id for two events, one label for two versions or two releases of a model. */
export function conflictRows(facts, isKnown) {
  const rows = [];
  const take = (kept, other, isSameType) => {
    if (!kept || !isKnown(other) || (isSameType && kept.digest === other.digest)) return;
    rows.push(conflictRow("event id", kept.id, [kept, kept.digest], [other, other.digest]));
  };
  for (const { kept, fact } of facts.repeated) take(kept.get(fact.id), fact, true);
  for (const fact of facts.events.values()) take(facts.of.decision.get(fact.id), fact, false);
  rows.push(...labelConflicts(facts, isKnown));
  return orderBy(rows, (row) => [
    row.kind, row.name, row.position.origin, row.position.leaf,
    row.other_origin, row.other_leaf, row.other_idx,
  ]);
}

function labelConflicts(facts, isKnown) {
  return LABELS.flatMap(([kind, label, digest]) => {
    const found = [...facts.of[kind].values()].filter(({ values }) => values[digest] != null);
    const labels = grouped(found, ({ values }) => spelled([values.model ?? null, values[label]]));
    return [...labels.values()].flatMap((same) => pairsOf(kind, label, digest, same, isKnown));
  });
}

function pairsOf(kind, label, digest, same, isKnown) {
  const rows = [];
  same.sort((left, right) => compareKeys([left.time, left.id], [right.time, right.id]));
  for (const [at, one] of same.entries()) {
    for (const other of same.slice(at + 1)) {
      const [first, second] = [one, other].map(({ values }) => values[digest]);
      if (first === second || !isKnown(other)) continue;
      const { model, [label]: last } = one.values;
      const name = model == null ? last : `${model} ${last}`;
      rows.push(conflictRow(kind, name, [one, first], [other, second]));
    }
  }
  return rows;
}

function conflictRow(kind, name, [kept, digest], [other, otherDigest]) {
  return {
    kind,
    name,
    event_id: kept.id,
    position: positionOf(kept),
    digest,
    other_id: other.id,
    other_origin: other.origin,
    other_leaf: Number(other.leaf),
    other_idx: other.index,
    other_digest: otherDigest,
  };
}
