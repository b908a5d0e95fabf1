// What enclosed events say as rows: docs/format.md, "Answers asked anew".

import { hexOf } from "./bytes.mjs";
import { sha256 } from "./crypto.mjs";
import { eventTime } from "./evidence.mjs";
import { compareKeys, idText, isInCalendar, jsonOf, timeText } from "./rows.mjs";

const DECISION = "prediction.decision.recorded";
/** Per kind of fact: its event types, and its columns with the fields they are from. */
export const FACTS = {
  decision: [
    [DECISION],
    "digest=sha256 correlation_id release_id=release deployment_id=deployment attestation_id=attestation case_id use path mode output adverse reason_codes payload_commitment caller latency_us replaces_decision_id",
  ],
  deployment: [
    ["serving.deployment.activated"],
    "system_id release^ release_digest environment service role traffic emergency reason",
  ],
  "deployment change": [
    ["serving.deployment.changed", "serving.deployment.deactivated"],
    "system_id deployment^ change=verb role traffic reason",
  ],
  "process attestation": [
    ["serving.process.attested"],
    "system_id deployment^ release_digest artifact_digest configuration_digest code_digest packages_digest host python matches",
  ],
  release: [
    ["registry.release.created"],
    "system_id release model_version^ model version artifact_digest configuration_digest feature_schema_digest environment_digest instructions_digest thresholds backing_services secret_references approved_uses restrictions change_class release_digest=digest previous^",
  ],
  approval: [
    ["registry.approval.decided"],
    "system_id request^ object^ gate content_digest=digest decision meaning conditions expires mandate signature_kind issuer auth_time",
  ],
  "approval request": [
    ["registry.approval.requested"],
    "system_id object^ gate content_digest=digest requested_of",
  ],
  "model version": [
    ["registry.model_version.created"],
    "system_id model version artifact_digest artifact_scheme artifacts digests=artifact_digest+artifacts.digest run^ inputs outputs parents framework license",
  ],
  model: [
    ["registry.model.registered"],
    "system_id model kind model_origin=origin owner description",
  ],
  evaluation: [
    ["evaluation.test.completed"],
    "system_id kind model_version^ run_id=run dataset_version^ metrics criteria passed overlap_rows tool",
  ],
  criterion: [
    ["evaluation.criteria.set"],
    "system_id model metric slice limit_value=limit direction baseline baseline_value dataset_version^ previous_id=previous",
  ],
  run: [
    ["pipeline.run.started"],
    "system_id run step code environment seeds parameters parent_id=parent capture redactions",
  ],
  "run update": [
    ["pipeline.run.updated"],
    "system_id run_id=run parameters metrics tags",
  ],
  "run end": [
    ["pipeline.run.ended"],
    "system_id run_id=run outcome outputs digests=outputs.digest compute error",
  ],
  input: [
    ["pipeline.input.read"],
    "system_id run_id=run name role dataset_version^ dataset digest scheme bytes_read rows rank",
  ],
  "dataset version": [
    ["data.dataset_version.created"],
    "system_id dataset digest scheme size_bytes rows parent_ids=derived_from.id derived_from sources split preparation identity_strength",
  ],
  dataset: [
    ["data.dataset.registered"],
    "system_id dataset title owner license purposes sources description",
  ],
  source: [
    ["data.source.registered"],
    "system_id source title kind owner notice_days url",
  ],
  system: [
    ["governance.system.registered"],
    "system_id system title purpose materiality model_kind model_origin=origin legal_entity business_line owner",
  ],
  statement: [
    ["governance.statement.recorded"],
    "system_id author role field text document in_reply_to valid_for^",
  ],
  "payload deletion": [
    ["governance.payload.deleted"],
    "system_id cause method deleted_at decision_ids=decisions retained residuals backup_clear_by request_id=request rule reason",
  ],
  document: [
    ["governance.document.stored"],
    "system_id digest media_type size_bytes title retention_class access_class about_id=about",
  ],
  opening: [
    ["ledger.stream.opened"],
    "identity software version host heartbeat_s",
  ],
  closing: [["ledger.stream.closed"], ""],
  gap: [
    ["ledger.gap.declared"],
    "cause first last count declared_by",
  ],
};
const KIND_OF_TYPE = new Map(
  Object.entries(FACTS).flatMap(([kind, [types]]) => types.map((type) => [type, kind])),
);
const TIMES = ["expires", "auth_time", "deleted_at", "backup_clear_by"];
const NAMES = new Set(
  ("artifact_digest dataset digest digests environment model release_digest run source " +
    "sources system version").split(" "),
);
const FREE = ["capture", "redactions", "residuals", "retained", "seeds", "tags"];
const MAX_NAME = 256;
const MAX_TEXT = 2048;

/**
 * The facts of the enclosed ranges.
 * `of` holds them by kind, one for each event id; `events` the first event of each id that
 * is no decision; `repeated` the others; `unreadable` what makes no fact.
 */
export async function gatherFacts(bundle, events, registry) {
  const ranges = new Set(bundle.about.ranges.map((range) => range.log));
  const facts = { of: {}, events: new Map(), repeated: [], unreadable: [], registry };
  for (const kind of Object.keys(FACTS)) facts.of[kind] = new Map();
  for (const event of events) {
    if (ranges.has(event.log)) await take(facts, event, registry);
  }
  return facts;
}

async function take(facts, event, registry) {
  const fact = await factOf(event, registry);
  if (!isReadable(fact)) {
    facts.unreadable.push(fact);
    return;
  }
  const kind = KIND_OF_TYPE.get(event.type);
  if (kind) keep(facts.of[kind], fact, kind === "decision" ? facts.repeated : null);
  if (kind !== "decision") keep(facts.events, fact, facts.repeated);
}

/** Of several events of one id the one that stands first is kept. */
function keep(table, fact, repeated) {
  const known = table.get(fact.id);
  if (!known) {
    table.set(fact.id, fact);
    return;
  }
  const isFirst = compareKeys(placeKey(fact), placeKey(known)) < 0;
  table.set(fact.id, isFirst ? fact : known);
  repeated?.push({ kept: table, fact: isFirst ? known : fact });
}

function placeKey({ sealedAt, origin, leaf, index }) {
  return [sealedAt, origin, leaf, index];
}

async function factOf(event, registry) {
  const { name: identity, kind: identityKind } = registry.signer(event.leaf.header.keyFp);
  const digest = hexOf(await sha256(event.body));
  const fact = {
    event,
    origin: `${registry.name}/${event.log}`,
    leaf: event.leafIndex,
    index: event.index,
    sealedAt: event.leaf.sealedAtMs * 1000n,
    identity,
    identityKind: identityKind ?? "service",
    digest,
    values: null,
  };
  if (!event.fields) return fact;
  const meta = event.fields.meta ?? {};
  const id = idText(event.fields.id ?? meta.id);
  const own = { id, time: eventTime(event), basis: meta.basis ?? "observed" };
  return { ...fact, ...own, values: valuesOf(event, digest, meta, id) };
}

function valuesOf({ type, fields }, digest, meta, id) {
  const kind = KIND_OF_TYPE.get(type);
  const values = { event_id: id };
  const extra = { system_id: meta.system_id, sha256: digest, verb: type.split(".").at(-1) };
  for (const word of kind ? FACTS[kind][1].split(" ").filter(Boolean) : []) {
    const [column, from = column] = word.split("=");
    if (column.endsWith("^")) {
      const name = column.slice(0, -1);
      values[`${name}_id`] = jsonOf(fields[name]?.id ?? null);
      values[`${name}_ref_digest`] = fields[name]?.digest ?? null;
    } else {
      const found = Object.hasOwn(extra, from) ? extra[from] : valueAt(fields, from);
      values[column] = columnOf(column, found ?? null);
    }
  }
  return values;
}

/** `a` is a field, `a.b` the field b of each record in the list a, `+` joins lists. */
function valueAt(fields, from) {
  if (from.includes("+")) return from.split("+").flatMap((part) => valueAt(fields, part));
  const [name, inner] = from.split(".");
  return inner ? (fields[name] ?? []).map((one) => one[inner]) : fields[name];
}

function columnOf(column, value) {
  if (value === null) return null;
  if (TIMES.includes(column)) return isInCalendar(value) ? timeText(value) : undefined;
  return column === "payload_commitment" ? hexOf(value) : jsonOf(value);
}

/** An event that does not decode, or says what no column can hold, makes no fact. */
function isReadable({ values, time, event }) {
  if (!values || time === null || !isInCalendar(time)) return false;
  const { subject = null, actor = null } = event.fields.meta ?? {};
  const columns = { ...values, subject, actor };
  return Object.entries(columns).every(([column, value]) => isStorable(column, value));
}

function isStorable(column, value) {
  if (value === undefined || holdsNul(value)) return false;
  const most = NAMES.has(column) ? MAX_NAME : MAX_TEXT;
  const isShort = (text) => typeof text !== "string" || [...text].length <= most;
  return FREE.includes(column) || [value].flat().every(isShort);
}

function holdsNul(value) {
  if (typeof value === "string") return value.includes("\0");
  return /\\u0000/.test(JSON.stringify(value));
}

/** Whether a type is none of those whose columns are known here. */
export function isOfOtherType({ event }) {
  return event.fields != null && !KIND_OF_TYPE.has(event.type);
}

/** The first columns of a row. */
export function evidenceOf(fact) {
  return {
    event_id: fact.id,
    time: timeText(fact.time),
    sealed_at: timeText(fact.sealedAt),
    identity: fact.identity,
    position: positionOf(fact),
  };
}

export function positionOf({ origin, leaf, index }) {
  return { origin, leaf: Number(leaf), index: Number(index) };
}

/** A parameter in one of the forms of bundles; null where it is not given. */
export function parameterOf(parameters, name, form) {
  const text = parameters.get(name) ?? null;
  parameters.delete(name);
  return text === null ? null : form(text, name);
}
