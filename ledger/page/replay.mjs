// Questions asked anew of enclosed entries: docs/format.md, "Answers asked anew".

import { MissingEvidenceError, require } from "./errors.mjs";
import { evidenceOf, gatherFacts } from "./facts.mjs";
import { chainRows } from "./replaychain.mjs";
import { rangeRow, refuseOtherUnreadable } from "./replayrange.mjs";
import { compareRows, compareTexts, compareKeys, statedRows, timeText } from "./rows.mjs";

const PLACE = "bundle.json parameters";
const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{3}|\d{6}))?)?(Z|[+-]\d\d:\d\d)?)?$/;
const ID = /^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})$/;
const NUMBER = /^(?:0|[1-9][0-9]{0,8})$/;
const NESTED = {
  decision_chain: ["fields"],
  integrity_of_range: [
    "origins", "rows", "refusals", "gaps", "streams", "conflicts", "unreadable",
  ],
};
const ASKED = {
  decision_chain: (facts, given) => chainRows(facts, requiredId(given), boundsOf(given)),
  live_at: (facts, given) =>
    liveRows(facts, textOf(given, "environment"), textOf(given, "system"), boundsOf(given)),
  integrity_of_range: (facts, given, bundle) => [rangeRow(facts, bundle, rangeOf(given))],
  approvals: (facts, given) =>
    approvalRows(facts, idOf(given, "object_id"), limitOf(given, 100), boundsOf(given)),
};

/** Ask the question of the bundle anew, and compare the rows of its answer. */
export async function replayAnswer(bundle, events, registry) {
  const { question, parameters } = bundle.about;
  const answer = bundle.files.get("answer.json");
  if (!answer) throw new MissingEvidenceError("answer.json: absent", { place: "answer.json" });
  const stated = statedRows(answer);
  const given = new Map(parameters);
  const facts = await gatherFacts(bundle, events, registry);
  const rows = ASKED[question](facts, given, bundle);
  const unknown = [...given.keys()].join(", ");
  require(given.size === 0, `bundle.json: unknown parameters: ${unknown}`, { place: PLACE });
  if (question === "integrity_of_range") refuseOtherUnreadable(stated, rows, facts);
  const more = compareRows(stated, rows, NESTED[question] ?? []);
  const beyond = more.length > 0 ? `; not replayed: ${more.join(", ")}` : "";
  return `${question}: ${rows.length} rows, replayed from the enclosed entries${beyond}`;
}

// ------------------------------------------------------------------- parameters

function textOf(given, name) {
  const text = given.get(name) ?? null;
  given.delete(name);
  return text;
}

function formOf(given, name, form) {
  const text = textOf(given, name);
  const fits = text === null || form.test(text);
  require(fits, `bundle.json: ${name}: not in a form of bundles`, { place: PLACE });
  return text;
}

function idOf(given, name) {
  const hex = formOf(given, name, ID)?.toLowerCase().replaceAll("-", "");
  return hex?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") ?? null;
}

function requiredId(given) {
  const id = idOf(given, "decision_id");
  require(id !== null, "bundle.json: decision_id: is needed", { place: PLACE });
  return id;
}

function limitOf(given, otherwise) {
  return Number(formOf(given, "limit", NUMBER) ?? otherwise);
}

/** A time as microseconds since 1970, or null; without a zone it is UTC. */
function momentOf(given, name) {
  const text = formOf(given, name, TIME);
  if (text === null) return null;
  const [, date, minute = "00:00", second = "00", fraction = "", zone = "Z"] = TIME.exec(text);
  const millis = Date.parse(`${date}T${minute}:${second}${zone}`);
  const isDate = !Number.isNaN(millis) && new Date(`${date}T00:00Z`).toISOString().startsWith(date);
  require(isDate, `bundle.json: ${name}: not a time`, { place: PLACE });
  return BigInt(millis) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

function boundsOf(given) {
  return { asOf: momentOf(given, "as_of"), knownAsOf: momentOf(given, "known_as_of") };
}

function rangeOf(given) {
  const now = momentOf(given, "now");
  require(now !== null, "bundle.json: now: is needed", { place: PLACE });
  boundsOf(given);
  const [since, until] = [momentOf(given, "since"), momentOf(given, "until")];
  return { now, since, until, limit: limitOf(given, 1000) };
}

/** Whether a fact had happened, and was sealed, by the times that were asked about. */
export function isWithin({ time, sealedAt }, { asOf, knownAsOf }) {
  return isUntil(time, asOf) && isUntil(sealedAt, knownAsOf);
}

function isUntil(time, limit) {
  return limit === null || time <= limit;
}

function momentKey({ time, id }) {
  return [time, id];
}

function newestFirst(facts) {
  return facts.sort((left, right) => compareKeys(momentKey(right), momentKey(left)));
}

// ---------------------------------------------------------------------- live_at

function liveRows(facts, environment, system, bounds) {
  const found = [];
  for (const fact of facts.of.deployment.values()) {
    const row = isWithin(fact, bounds) ? liveRow(fact, facts, bounds) : null;
    const isAsked =
      row &&
      (environment === null || row.environment === environment) &&
      (system === null || row.system_id === system);
    if (isAsked) found.push({ ...fact, row });
  }
  const rows = newestFirst(found).map(({ row }) => row);
  return rows.sort(
    (left, right) =>
      compareTexts(left.environment, right.environment) ||
      compareServices(left.service, right.service),
  );
}

function compareServices(left, right) {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return compareTexts(left, right);
}

function liveRow(fact, facts, { asOf, knownAsOf }) {
  const changes = newestFirst(
    [...facts.of["deployment change"].values()].filter(
      (one) => one.values.deployment_id === fact.id && isUntil(one.sealedAt, knownAsOf),
    ),
  );
  const before = changes.find((one) => isUntil(one.time, asOf));
  const after = changes.findLast((one) => !isUntil(one.time, asOf));
  if (before?.values.change === "deactivated") return null;
  const own = fact.values;
  const named = facts.of.release.get(own.release_id);
  const release = named && isUntil(named.sealedAt, knownAsOf) ? named.values : {};
  return {
    ...evidenceOf(fact),
    release_id: own.release_id,
    release: release.release ?? null,
    release_digest: own.release_digest,
    model: release.model ?? null,
    version: release.version ?? null,
    model_version_id: release.model_version_id ?? null,
    environment: own.environment,
    service: own.service,
    system_id: own.system_id || (release.system_id ?? null),
    role: before?.values.role ?? own.role,
    traffic: before?.values.traffic ?? own.traffic,
    valid_from: timeText(before?.time ?? fact.time),
    valid_to: timeText(after?.time ?? null),
    ended: false,
    emergency: own.emergency,
    reason: own.reason,
  };
}

// -------------------------------------------------------------------- approvals

function approvalRows(facts, objectId, limit, bounds) {
  const found = [...facts.of.approval.values()].filter(
    (fact) => isWithin(fact, bounds) && (objectId === null || fact.values.object_id === objectId),
  );
  return newestFirst(found)
    .slice(0, limit)
    .map((fact) => approvalRow(fact, facts));
}

function approvalRow(fact, facts) {
  const own = { ...fact.values };
  for (const name of ["event_id", "system_id", "request_ref_digest", "object_ref_digest"]) {
    delete own[name];
  }
  const request = facts.of["approval request"].get(own.request_id);
  const digest = facts.of.release.get(own.object_id)?.values.release_digest ?? null;
  const isKnown = digest !== null && own.content_digest !== null;
  return {
    ...evidenceOf(fact),
    ...own,
    requested_of: request?.values.requested_of ?? null,
    requested_at: timeText(request?.time ?? null),
    identity_kind: facts.events.get(fact.id)?.identityKind ?? null,
    matches: isKnown ? digest === own.content_digest : null,
  };
}
