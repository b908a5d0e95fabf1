// The links of a decision: docs/format.md, "Links of a decision".

import { hexOf } from "./bytes.mjs";
import { sha256 } from "./crypto.mjs";
import { IntegrityError, MissingEvidenceError } from "./errors.mjs";
import { eventId } from "./evidence.mjs";

/** A fixed id in hex; null where the field is null or of another kind. */
function idOf(value) {
  return value instanceof Uint8Array && value.length === 16 ? hexOf(value) : null;
}

/** Ids of references such as `{ id, digest }`, without nulls. */
function idsOf(...references) {
  return references.flat().map((one) => idOf(one?.id ?? one)).filter((id) => id !== null);
}

/** What earlier rows found, asked by the rows below. */
class Found {
  rows = new Map();
  musts = [];

  of(...names) {
    return names.flatMap((name) => this.rows.get(name) ?? []);
  }

  ids(...names) {
    return this.of(...names).map(eventId);
  }

  /** Ids that fields of found events name; each must be enclosed if `isMust`. */
  named(names, pick, isMust = false) {
    const ids = this.of(...names).flatMap((event) => idsOf(pick(event.fields) ?? []));
    if (isMust) this.musts.push(...ids);
    return ids;
  }

  texts(names, pick) {
    const texts = this.of(...names).flatMap((event) => pick(event.fields) ?? []);
    return texts.filter((text) => typeof text === "string");
  }
}

const ROWS = [
  ["decision", ["prediction.decision.recorded"], () => () => false],
  ["deployment", ["serving.deployment.activated"], (found) =>
    withId(found.named(["decision"], (f) => [f.deployment], true))],
  ["deployment change", ["serving.deployment.changed", "serving.deployment.deactivated"],
    (found) => referring("deployment", found.ids("deployment"))],
  ["process attestation", ["serving.process.attested"], (found) =>
    either(
      withId(found.named(["decision"], (f) => [f.attestation], true)),
      referring("deployment", found.ids("deployment")),
    )],
  ["release", ["registry.release.created"], (found) =>
    withId(found.named(["decision"], (f) => [f.release], true))],
  ["model version", ["registry.model_version.created"], (found, all) =>
    withParents(found, all)],
  ["approval", ["registry.approval.decided"], (found) =>
    referring("object", found.ids("release", "model version"))],
  ["approval request", ["registry.approval.requested"], (found) =>
    either(
      withId(found.named(["approval"], (f) => [f.request])),
      referring("object", found.ids("release", "model version")),
    )],
  ["model", ["registry.model.registered"], (found) =>
    withText("model", found.texts(["model version"], (f) => f.model))],
  ["evaluation", ["evaluation.test.completed"], (found) =>
    referring("model_version", found.ids("model version"))],
  ["criterion", ["evaluation.criteria.set"], (found) =>
    withId(found.named(["evaluation"], (f) => f.criteria))],
  ["run", ["pipeline.run.started"], (found) =>
    withId(found.named(["model version"], (f) => [f.run], true))],
  ["run update", ["pipeline.run.updated"], (found) => referring("run", found.ids("run"))],
  ["run end", ["pipeline.run.ended"], (found) => referring("run", found.ids("run"))],
  ["input", ["pipeline.input.read"], (found) => referring("run", found.ids("run"))],
  ["dataset version", ["data.dataset_version.created"], (found, all) =>
    withDerived(found, all)],
  ["dataset", ["data.dataset.registered"], (found) =>
    withText("dataset", found.texts(["dataset version", "input"], (f) => f.dataset))],
  ["source", ["data.source.registered"], (found) =>
    withText("source", found.texts(["dataset", "dataset version"], (f) => f.sources))],
  ["system", ["governance.system.registered"], (found) =>
    withText("system", found.texts(
      ["deployment", "release", "model version"], (f) => f.meta?.system_id))],
  ["payload deletion", ["governance.payload.deleted"], (found) => (event) => {
    const deleted = idsOf(event.fields.decisions ?? []);
    return found.ids("decision").some((id) => deleted.includes(id));
  }],
];

/** Rows in the order in which a person reads them; the rest of a bundle after them. */
export const ROW_NAMES = [...ROWS.map(([row]) => row), "stream", "control", "manifest"];

function withId(ids) {
  return (event) => ids.includes(eventId(event));
}

function referring(field, ids) {
  return (event) => idsOf([event.fields[field]]).some((id) => ids.includes(id));
}

function withText(field, texts) {
  return (event) => texts.includes(event.fields[field]);
}

function either(...tests) {
  return (event) => tests.some((test) => test(event));
}

/** The release's version (must), and versions that a found one names as parents. */
function withParents(found, all) {
  const ids = found.named(["release"], (f) => [f.model_version], true);
  const parents = ({ fields }) => idsOf((fields.parents ?? []).map((one) => one.version));
  return withId(closure(ids, all, "registry.model_version.created", parents));
}

/** Versions that inputs (must), evaluations and criteria name, and what these came from. */
function withDerived(found, all) {
  const ids = found.named(["input"], (f) => [f.dataset_version], true);
  ids.push(...found.named(["evaluation", "criterion"], (f) => [f.dataset_version]));
  const sources = ({ fields }) => idsOf(fields.derived_from ?? []);
  return withId(closure(ids, all, "data.dataset_version.created", sources));
}

function closure(start, all, type, more) {
  const reached = new Set(start);
  const queue = [...start];
  while (queue.length > 0) {
    const id = queue.pop();
    for (const event of all) {
      if (event.type !== type || eventId(event) !== id) continue;
      const fresh = more(event).filter((next) => !reached.has(next));
      for (const next of fresh) reached.add(next);
      queue.push(...fresh);
    }
  }
  return [...reached];
}

/**
 * Go down the rows; every disclosed event must be found by one.
 * @param events decoded events outside control and manifest.
 * @returns row name by event place.
 */
export async function verifyLinks(subject, events, findings) {
  const found = new Found();
  found.rows.set("decision", [subject]);
  const rowOf = new Map([[subject.place, "decision"]]);
  for (const [row, types, makeTest] of ROWS.slice(1)) {
    const test = makeTest(found, events);
    const hits = events.filter((event) => types.includes(event.type) && test(event));
    found.rows.set(row, hits);
    for (const event of hits) rowOf.set(event.place, row);
    await findings.check(() => requireMusts(found, events, row, types));
  }
  await findings.check(() => refuseStrays(events, rowOf));
  await findings.check(() => checkRelease(found));
  return rowOf;
}

function requireMusts(found, events, row, types) {
  const wanted = found.musts.splice(0);
  for (const id of wanted) {
    const event = events.find((one) => eventId(one) === id);
    if (!event) {
      throw new MissingEvidenceError(`${row} ${id}: it is named, and not enclosed`);
    }
    if (!types.includes(event.type)) {
      throw new IntegrityError(`${event.place}: it should be a ${row}, and is a ${event.type}`);
    }
  }
}

function refuseStrays(events, rowOf) {
  const stray = events.find((event) => !rowOf.has(event.place) && !opensStream(event));
  if (stray) {
    const { place } = stray;
    throw new IntegrityError(`${place}: nothing leads from the decision to it`, { place });
  }
}

function opensStream(event) {
  return event.type === "ledger.stream.opened";
}

function checkRelease(found) {
  const [decision] = found.of("decision");
  for (const { place, fields } of found.of("deployment")) {
    if (idOf(fields.release?.id) !== idOf(decision.fields.release)) {
      throw new IntegrityError(`${place}: the decision names another release`, { place });
    }
  }
  const attestation = idOf(decision.fields.attestation);
  for (const event of found.of("process attestation")) {
    const deployment = idOf(event.fields.deployment?.id);
    const isNamed = eventId(event) === attestation && deployment !== null;
    if (isNamed && deployment !== idOf(decision.fields.deployment)) {
      const { place } = event;
      throw new IntegrityError(`${place}: it attests another deployment`, { place });
    }
  }
}

/** Every reference to an enclosed event must carry the digest of its body. */
export async function verifyReferences(events, findings) {
  const digests = new Map();
  for (const event of events) {
    const id = eventId(event);
    if (id) digests.set(id, `sha256:${hexOf(await sha256(event.body))}`);
  }
  for (const event of events) {
    await findings.check(() => compareReferences(event.fields, digests, event.place));
  }
}

function compareReferences(value, digests, place) {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return;
  const members = value instanceof Map ? [...value.values()] : Object.values(value);
  for (const member of members) compareReferences(member, digests, place);
  const keys = value instanceof Map || Array.isArray(value) ? [] : Object.keys(value);
  if (keys.length !== 2 || !keys.includes("id") || !keys.includes("digest")) return;
  const id = idOf(value.id);
  if (id !== null && digests.has(id) && digests.get(id) !== value.digest) {
    throw new IntegrityError(`${place}: it refers to an event with another digest`, {
      place,
      expected: String(value.digest),
      actual: digests.get(id),
    });
  }
}
