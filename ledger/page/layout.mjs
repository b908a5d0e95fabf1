// The files of a bundle: docs/format.md, "Bundle layout" and step 1.

import { LOG_NAME, isManifest, parseAbout } from "./about.mjs";
import { hexOf, isEqual, uintAt, u64At, utf8 } from "./bytes.mjs";
import { sha256 } from "./crypto.mjs";
import { MissingEvidenceError, require } from "./errors.mjs";
import { parseHeader } from "./entry.mjs";
import { ACCEPTED, GAP, parseLeaf } from "./leaf.mjs";
import { README } from "./readme.mjs";

const PARTS_OF_LOG = [
  "checkpoint",
  "checkpoint.tsr",
  "consistency.proof",
  "events.bin",
  "events.proof",
  "leaves.bin",
  "leaves.proof",
  "records.bin",
];
const LOG_FILE = new RegExp(`^(${LOG_NAME})/([a-z.]+)$`);
const SCHEMA_FILE = /^schema\/([0-9a-f]{64})\.json$/;
const MAX_TOKEN_FILE = 65_536;
const MAX_EVENT_BODY = 524_288;
const MAX_RECORD = 16_777_216;

/**
 * Sort the files of a bundle and parse each, going on after what is absent or wrong.
 * `about` is null where it is not known what the bundle is about; a log of which a file
 * is absent is left out, and the bundle then `isPartial`.
 * @returns {{about, logs, schemas, types, files, isPartial, isLacking}}
 */
export async function readLayout(files, findings) {
  const about = await findings.check(() => parseAbout(needed(files, "bundle.json")));
  await findings.check(() => checkReadme(needed(files, "README.txt")));
  const bundle = { about, logs: new Map(), schemas: new Map(), types: new Map(), files };
  for (const [name, bytes] of files) {
    await findings.check(() => sortFile(bundle, name, bytes));
  }
  for (const log of [...bundle.logs.values()]) {
    const isWhole = await findings.check(() => finishLog(log));
    if (!isWhole) bundle.logs.delete(log.log);
    bundle.isPartial ||= !isWhole;
  }
  if (about === null) return bundle;
  for (const name of neededNames(bundle)) {
    const isThere = await findings.check(() => checkThere(bundle, name));
    bundle.isLacking ||= !isThere;
  }
  await findings.check(() => checkAsked(bundle));
  return bundle;
}

function needed(files, name) {
  if (files.has(name)) return files.get(name);
  throw new MissingEvidenceError(`${name}: absent`, { place: name });
}

function checkReadme(bytes) {
  const isKnown = isEqual(bytes, utf8(README));
  require(isKnown, "README.txt: not the text that every bundle holds", { place: "README.txt" });
}

async function sortFile(bundle, name, bytes) {
  const place = { place: name };
  const inLog = LOG_FILE.exec(name);
  const schema = SCHEMA_FILE.exec(name);
  const mayBeEmpty = schema || name === "report" || inLog?.[2] === "checkpoint";
  require(bytes.length > 0 || mayBeEmpty, `${name}: empty, where no file belongs`, place);
  const isOfLog = inLog && PARTS_OF_LOG.includes(inLog[2]);
  if (isOfLog && (inLog[2] !== "checkpoint.tsr" || isManifest(inLog[1]))) {
    const [, log, part] = inLog;
    if (!bundle.logs.has(log)) bundle.logs.set(log, { log, files: new Map() });
    bundle.logs.get(log).files.set(part, bytes);
  } else if (schema) {
    const isItself = hexOf(await sha256(bytes)) === schema[1];
    require(isItself, `${name}: its SHA-256 is not its name`, place);
    bundle.schemas.set(schema[1], bytes);
  } else {
    const hasUse = isExpected(name, bundle.about);
    require(hasUse, `${name}: a bundle of this kind has no use for it`, place);
  }
}

function isExpected(name, about) {
  const expected = {
    "README.txt": true,
    "bundle.json": true,
    "answer.json": !about || about.kind === "answer",
    report: !about || about.kind === "report",
    "partition.tlog-proof": !about || about.subject !== null,
    "manifest.tlog-proof": !about || about.manifest !== null,
  };
  return Object.hasOwn(expected, name) && expected[name];
}

function finishLog(found) {
  const { log, files } = found;
  const named = (part) => `${log}/${part}`;
  const token = files.get("checkpoint.tsr") ?? null;
  const place = { place: named("checkpoint.tsr") };
  require(!token || token.length <= MAX_TOKEN_FILE, `${place.place}: too long`, place);
  found.token = token;
  found.leavesProof = files.get("leaves.proof") ?? null;
  found.events = parseEventList(files.get("events.bin"), named("events.bin"));
  found.eventsProof = files.get("events.proof") ?? null;
  found.records = parseRecords(files.get("records.bin"), named("records.bin"));
  found.consistency = files.get("consistency.proof") ?? null;
  found.leaves = parseLeaves(neededOf(found, "leaves.bin"), named("leaves.bin"));
  found.checkpointBytes = neededOf(found, "checkpoint");
  checkParts(found, named);
  return true;
}

function neededOf(found, part) {
  if (found.files.has(part)) return found.files.get(part);
  const name = `${found.log}/${part}`;
  throw new MissingEvidenceError(`${name}: absent`, { place: name });
}

/** Events and records must name enclosed leaves, and each leaf must be asked for. */
function checkParts({ leaves, events, eventsProof, records }, named) {
  require(!eventsProof || events.length, `${named("events.proof")}: without events.bin`);
  const given = new Set(events.map((event) => event.leaf));
  for (const index of records.keys()) {
    const what = `${named("records.bin")}: leaf ${index}`;
    require(!given.has(index), `${what} is given by events.bin too`);
    given.add(index);
  }
  for (const index of given) {
    require(leaves.has(index), `${named("leaves.bin")}: leaf ${index} is not enclosed`);
  }
  for (const [index, leaf] of leaves) {
    const isAsked = given.has(index) || leaf.verdict === GAP;
    require(isAsked, `${named("leaves.bin")}: nothing asks for leaf ${index}`);
  }
}

function parseLeaves(bytes, place) {
  const leaves = new Map();
  let last = -1n;
  for (let at = 0; at < bytes.length; ) {
    require(at + 10 <= bytes.length, `${place}: it ends within a leaf`, { place });
    const index = u64At(bytes, at);
    const size = uintAt(bytes, at + 8, 2);
    const end = at + 10 + size;
    require(end <= bytes.length, `${place}: it ends within a leaf`, { place });
    require(index > last, `${place}: leaves out of order`, { place });
    leaves.set(index, withHeader(parseLeaf(bytes.slice(at + 10, end))));
    [last, at] = [index, end];
  }
  require(leaves.size > 0, `${place}: no leaf`, { place });
  return leaves;
}

/** An accepted leaf carries a well-formed header. */
function withHeader(leaf) {
  if (leaf.verdict !== ACCEPTED) return leaf;
  const header = parseHeader(leaf.env.slice(0, 172));
  return { ...leaf, header, signature: leaf.env.slice(172) };
}

function parseEventList(bytes, place) {
  if (!bytes) return [];
  const events = [];
  for (let at = 0; at < bytes.length; ) {
    require(at + 64 <= bytes.length, `${place}: it ends within an event`, { place });
    const [leaf, index] = [u64At(bytes, at), uintAt(bytes, at + 8, 4)];
    const size = uintAt(bytes, at + 60, 4);
    const end = at + 64 + size;
    require(size <= MAX_EVENT_BODY, `${place}: an event of ${size} bytes`, { place });
    require(end <= bytes.length, `${place}: it ends within an event`, { place });
    const before = events.at(-1);
    const isNext = !before || leaf > before.leaf || (leaf === before.leaf && index > before.index);
    require(isNext, `${place}: events out of order`, { place });
    events.push({
      leaf,
      index,
      schemaId: bytes.slice(at + 12, at + 44),
      salt: bytes.slice(at + 44, at + 60),
      body: bytes.slice(at + 64, end),
    });
    at = end;
  }
  require(events.length > 0, `${place}: no event`, { place });
  return events;
}

function parseRecords(bytes, place) {
  const records = new Map();
  let last = -1n;
  for (let at = 0; at < (bytes?.length ?? 0); ) {
    require(at + 12 <= bytes.length, `${place}: it ends within a record`, { place });
    const [leaf, size] = [u64At(bytes, at), uintAt(bytes, at + 8, 4)];
    const end = at + 12 + size;
    require(size <= MAX_RECORD, `${place}: a record of ${size} bytes`, { place });
    require(end <= bytes.length, `${place}: it ends within a record`, { place });
    require(leaf > last, `${place}: records out of order`, { place });
    records.set(leaf, bytes.slice(at + 12, end));
    [last, at] = [leaf, end];
  }
  require(!bytes || records.size > 0, `${place}: no record`, { place });
  return records;
}

/** The logs and files that the kind needs. */
function neededNames({ about }) {
  const { subject, manifest, kind } = about;
  const logs = ["control", ...about.ranges.map((range) => range.log)];
  if (subject) logs.push(subject.log, "partition.tlog-proof");
  if (manifest) logs.push(manifest.log, "manifest.tlog-proof");
  if (kind === "answer") logs.push("answer.json");
  if (kind === "report") logs.push("report");
  return logs;
}

/** What the kind needs and is not there makes the check impossible, not wrong. */
function checkThere({ logs, files }, name) {
  if (logs.has(name) || files.has(name)) return true;
  throw new MissingEvidenceError(`${name}: nothing of it is enclosed`, { place: name });
}

/** Refuse what nothing asks for. */
function checkAsked({ about, logs }) {
  const ranges = new Map(about.ranges.map((range) => [range.log, range]));
  const cut = about.manifest?.log ?? null;
  for (const { log, records, consistency, token } of logs.values()) {
    const range = ranges.get(log);
    for (const leaf of records.keys()) {
      const isAsked = range && range.first <= leaf && leaf <= range.last;
      require(isAsked, `${log}/records.bin: nothing asks for leaf ${leaf}`);
    }
    const isCut = cut !== null && log !== cut;
    require(!consistency || isCut, `${log}/consistency.proof: nothing asks for it`);
    require(!token || log === cut, `${log}/checkpoint.tsr: nothing asks for it`);
    const isAsked = !isManifest(log) || log === cut || ranges.has(log) || isSubject(about, log);
    require(isAsked, `${log}: nothing asks for it`);
  }
}

function isSubject({ subject }, log) {
  return subject?.log === log;
}
