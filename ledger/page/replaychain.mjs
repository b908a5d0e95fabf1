// The chain of a decision (decision_chain): docs/format.md, "Answers asked anew".

import { MalformedError } from "./errors.mjs";
import { FACTS, evidenceOf } from "./facts.mjs";
import { compareKeys } from "./rows.mjs";

const MAX_ANCESTORS = 1000;
const ABOUT = ["statement", "reply", "document"];
const BY_NAME = ["dataset", "source", "model", "system"];

function of(kind, column = "event_id") {
  return (walk) => walk.values(kind, column);
}

/**
 * Each step: its kind, the column and keys by which facts are found, the columns of the
 * title, and whether they are expected, bounded by the decision, or lead to ancestors.
 */
const STEPS = [
  ["decision", "event_id", (walk) => [walk.decisionId], "output mode path use"],
  ["deployment", "event_id", of("decision", "deployment_id"), "environment service role"],
  ["deployment change", "deployment_id", of("deployment"), "change role reason",
    { isOptional: true, isUntilDecision: true }],
  ["process attestation", "event_id", attestations, "host python artifact_digest"],
  ["release", "event_id", of("decision", "release_id"), "release model version"],
  ["approval", "object_id", objects, "gate decision meaning"],
  ["model version", "event_id", of("release", "model_version_id"), "model version artifact_digest",
    { ancestors: ({ parents }) => (parents ?? []).map((one) => one.version.id) }],
  ["model", "model", of("model version", "model"), "model kind owner"],
  ["evaluation", "model_version_id", of("model version"), "kind tool"],
  ["criterion", "event_id", (walk) => walk.values("evaluation", "criteria").flat(),
    "metric slice direction limit_value", { isOptional: true }],
  ["run", "event_id", of("model version", "run_id"), "run step"],
  ["run update", "run_id", of("run"), null, { isOptional: true }],
  ["run end", "run_id", of("run"), "outcome error"],
  ["input", "run_id", of("run"), "name role digest"],
  ["dataset version", "event_id", versions, "dataset digest",
    { ancestors: ({ parent_ids: parents }) => parents }],
  ["dataset", "dataset", datasets, "dataset title license"],
  ["source", "source", sources, "source title owner"],
  ["system", "system", systems, "system title owner"],
  ["statement", "valid_for_id", everything, "field author text", { isOptional: true }],
  ["reply", "in_reply_to", everything, "field author text", { isOptional: true }],
  ["payload deletion", "decision_ids", (walk) => [walk.decisionId], "cause method",
    { isOptional: true }],
  ["document", "about_id", everything, "title media_type digest", { isOptional: true }],
];

/** The attestation that the decision names, else the last of its deployment. */
function attestations(walk) {
  const named = walk.values("decision", "attestation_id");
  if (named.length > 0) return named;
  const table = walk.facts.of["process attestation"];
  const found = walk.rows(table, "deployment_id", walk.values("deployment", "event_id"));
  return walk.untilDecision(found).slice(-1).map((fact) => fact.id);
}

function objects(walk) {
  const releases = walk.values("release", "event_id");
  return [...releases, ...walk.values("release", "model_version_id")];
}

function versions(walk) {
  const column = "dataset_version_id";
  return [...walk.values("input", column), ...walk.values("evaluation", column)];
}

function datasets(walk) {
  return [...walk.values("dataset version", "dataset"), ...walk.values("input", "dataset")];
}

function sources(walk) {
  const named = [walk.values("dataset", "sources"), walk.values("dataset version", "sources")];
  return named.flat(2);
}

function systems(walk) {
  const kinds = ["deployment", "release", "model version"];
  return kinds.flatMap((kind) => walk.values(kind, "system_id"));
}

function everything(walk) {
  const kinds = STEPS.map(([kind]) => kind).filter((kind) => !ABOUT.includes(kind));
  return kinds.flatMap((kind) => walk.values(kind, "event_id"));
}

/** The links of a decision, step by step, each with the gaps that it leaves. */
export function chainRows(facts, decisionId, bounds) {
  const walk = new Walk(facts, decisionId, bounds);
  const links = STEPS.flatMap((step) => walk.take(step));
  if (walk.found.get("decision").length === 0) {
    const text = `decision ${decisionId}: not recorded`;
    throw new MalformedError(text, { place: "answer.json" });
  }
  return links;
}

class Walk {
  found = new Map();

  constructor(facts, decisionId, { asOf, knownAsOf }) {
    Object.assign(this, { facts, decisionId, asOf, knownAsOf });
  }

  /** What the facts found of a kind say in a column, without nulls. */
  values(kind, column) {
    const said = (this.found.get(kind) ?? []).map((fact) => fact.values[column]);
    return said.filter((value) => value !== null && value !== undefined);
  }

  /** Facts whose column, or one of the list in it, is among the keys, oldest first. */
  rows(table, column, keys) {
    const wanted = new Set(keys);
    const isAsked = ({ values, time, sealedAt }) =>
      [values[column]].flat().some((value) => wanted.has(value)) &&
      (this.asOf === null || time <= this.asOf) &&
      (this.knownAsOf === null || sealedAt <= this.knownAsOf);
    const key = ({ time, id }) => [time, id];
    return [...table.values()]
      .filter(isAsked)
      .sort((left, right) => compareKeys(key(left), key(right)));
  }

  untilDecision(facts) {
    const decision = this.found.get("decision")[0];
    return decision ? facts.filter(({ time }) => time <= decision.time) : facts;
  }

  take([kind, column, keysOf, title, options = {}]) {
    const keys = [...new Set(keysOf(this))];
    const table = this.facts.of[kind === "reply" ? "statement" : kind];
    let found = this.rows(table, column, keys);
    if (options.isUntilDecision) found = this.untilDecision(found);
    if (options.ancestors) found = this.withAncestors(table, found, options.ancestors);
    this.found.set(kind, found);
    const links = found.map((fact) => linkOf(kind, fact, title));
    return options.isOptional ? links : [...links, ...gapsOf(kind, column, keys, found)];
  }

  withAncestors(table, facts, ancestorsOf) {
    const found = new Map(facts.map((fact) => [fact.id, fact]));
    let fresh = facts;
    while (fresh.length > 0 && found.size < MAX_ANCESTORS) {
      const keys = fresh.flatMap((fact) => ancestorsOf(fact.values));
      fresh = this.rows(table, "event_id", keys).filter((fact) => !found.has(fact.id));
      for (const fact of fresh) found.set(fact.id, fact);
    }
    return [...found.values()];
  }
}

const BLANK = {
  attested_not_later_than: null,
  attested_by: null,
  integrity: "not_checked",
  reason: null,
  place: null,
  expected: null,
  actual: null,
  missing: null,
};

function linkOf(kind, fact, title) {
  const { event_id: id, ...fields } = fact.values;
  const words = title ? titleOf(fact.values, title) : `${(fields.metrics ?? []).length} metrics`;
  const { type } = fact.event;
  return { ...BLANK, ...evidenceOf(fact), kind, title: words, type, basis: fact.basis, fields };
}

function titleOf(values, columns) {
  const said = columns.split(" ").map((column) => values[column]);
  return said.filter((value) => value !== null && value !== "").map(wordOf).join(", ");
}

/** Numbers stand in titles as doubles are written in Python: 1.0, 0.8, 1e-05. */
function wordOf(value) {
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e16)) {
    return Number.isInteger(value) ? value.toFixed(1) : String(value);
  }
  return value.toExponential().replace(/e([-+])(\d)$/, "e$10$2");
}

function gapsOf(kind, column, keys, found) {
  const isById = column === "event_id";
  if (!isById && !BY_NAME.includes(column)) return found.length > 0 ? [] : [gapOf(kind, null)];
  if (keys.length === 0) return [gapOf(kind, null)];
  const have = new Set(found.map((fact) => fact.values[column]));
  return keys.filter((key) => !have.has(key)).map((key) => gapOf(kind, key, isById));
}

function gapOf(kind, key, isById = false) {
  let reason = `${key} is referred to, and no event describes it`;
  if (isById) reason = "referred to, and no such event is recorded";
  if (key === null) reason = "no event says so";
  return {
    ...BLANK,
    kind,
    title: "Not recorded in the ledger",
    event_id: isById ? key : null,
    type: null,
    time: null,
    sealed_at: null,
    basis: null,
    identity: null,
    position: null,
    reason,
    missing: FACTS[kind][0][0],
    fields: {},
  };
}
