// bundle.json, what a bundle says it is about: docs/format.md, "Bundle layout".

import { textOf } from "./bytes.mjs";
import { require } from "./errors.mjs";
import { parseJson } from "./json.mjs";

const FORMAT = "mlledger.bundle/1";
/** A log as a regular expression: an origin without the name of the ledger. */
export const LOG_NAME =
  "(?:control|(?:manifest|p(?:0|[1-9][0-9]{0,5}))(?:/e[1-9][0-9]{0,5})?)";
const LOG = new RegExp(`^${LOG_NAME}$`);
const KEYS_OF_KIND = {
  __proto__: null,
  event: ["subject"],
  decision: ["subject"],
  report: ["subject"],
  range: ["ranges"],
  answer: ["parameters", "question", "ranges"],
};
export const QUESTIONS = ["decision_chain", "live_at", "integrity_of_range", "approvals"];

/** Parse bundle.json; it must write back to the same bytes. */
export function parseAbout(bytes) {
  const text = textOf(bytes, "bundle.json");
  const found = parseJson(text, "bundle.json");
  const isWrittenBack = found instanceof Map && canonical(found) === text;
  require(isWrittenBack, "bundle.json: not RFC 8785 text of an object");
  require(!/\\[^"\\]/.test(text), "bundle.json: it holds an escaped character");
  require(found.get("format") === FORMAT, "bundle.json: another format than this one");
  const kind = found.get("kind");
  require(typeof kind === "string" && kind in KEYS_OF_KIND, `bundle.json: no kind ${kind}`);
  const wanted = ["format", "kind", ...KEYS_OF_KIND[kind]];
  if (found.has("manifest")) wanted.push("manifest");
  requireKeys(found, wanted, "bundle.json");
  return {
    kind,
    manifest: found.has("manifest") ? manifestOf(found.get("manifest")) : null,
    subject: found.has("subject") ? placeOf(found.get("subject")) : null,
    ranges: found.has("ranges") ? rangesOf(found.get("ranges"), kind) : [],
    parameters: found.has("parameters") ? parametersOf(found.get("parameters")) : null,
    question: found.has("question") ? questionOf(found.get("question")) : null,
  };
}

/** RFC 8785 text of Maps, arrays, texts and whole numbers. */
export function canonical(value) {
  if (value instanceof Map) {
    const keys = [...value.keys()].sort();
    const members = keys.map((key) => `${JSON.stringify(key)}:${canonical(value.get(key))}`);
    return `{${members.join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  return JSON.stringify(value);
}

function requireKeys(map, wanted, what) {
  const isMap = map instanceof Map && map.size === wanted.length;
  require(isMap && wanted.every((key) => map.has(key)), `${what}: other keys than asked for`);
}

function placeOf(found) {
  requireKeys(found, ["index", "leaf", "log"], "bundle.json");
  return {
    log: logOf(found.get("log")),
    leaf: wholeOf(found.get("leaf")),
    index: wholeOf(found.get("index")),
  };
}

function manifestOf(found) {
  const place = placeOf(found);
  require(isManifest(place.log), "bundle.json: the manifest is in another log");
  return place;
}

/** Whether a log is the manifest log or a later epoch of it. */
export function isManifest(log) {
  return log.split("/")[0] === "manifest";
}

function rangesOf(found, kind) {
  const fits = Array.isArray(found) && found.length > 0;
  require(fits && (kind !== "range" || found.length === 1), "bundle.json: ranges");
  const ranges = found.map((range) => {
    requireKeys(range, ["first", "last", "log"], "bundle.json: range");
    const [first, last] = [wholeOf(range.get("first")), wholeOf(range.get("last"))];
    require(first <= last, "bundle.json: a range ends before it begins");
    return { log: logOf(range.get("log")), first, last };
  });
  const inOrder = ranges.every((range, i) => i === 0 || ranges[i - 1].log < range.log);
  require(inOrder, "bundle.json: ranges are not in order of their logs");
  return ranges;
}

function wholeOf(value) {
  require(Number.isSafeInteger(value) && value >= 0, "bundle.json: not a whole number");
  return BigInt(value);
}

function logOf(value) {
  require(typeof value === "string" && LOG.test(value), "bundle.json: not a log");
  return value;
}

function parametersOf(found) {
  const areTexts = found instanceof Map && [...found.values()].every(isText);
  require(areTexts, "bundle.json: parameters are texts");
  return found;
}

function isText(value) {
  return typeof value === "string";
}

function questionOf(value) {
  require(QUESTIONS.includes(value), `bundle.json: no question ${value}`);
  return value;
}
