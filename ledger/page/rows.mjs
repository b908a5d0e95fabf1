// Rows of an answer and their JSON forms: docs/format.md, "Answers asked anew".

import { hexOf, textOf } from "./bytes.mjs";
import { IntegrityError, MalformedError, require } from "./errors.mjs";

const PLACE = "answer.json";
const MIN_TIME = -62_135_596_800_000_000n;
const MAX_TIME = 253_402_300_799_999_999n;

/** RFC 8785 text of texts, numbers, truth values, nulls, arrays and objects. */
export function spelled(value) {
  if (Array.isArray(value)) return `[${value.map(spelled).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${spelled(value[key])}`).join(",")}}`;
}

/** The 16 bytes of an id as its text; other bytes as hex. */
export function idText(bytes) {
  const hex = hexOf(bytes);
  if (bytes.length !== 16) return hex;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether a time in microseconds is in the years 1 to 9999. */
export function isInCalendar(micros) {
  return micros >= MIN_TIME && micros <= MAX_TIME;
}

/** Microseconds since 1970 as a text; the fraction stands there only if it is not zero. */
export function timeText(micros) {
  if (micros === null) return null;
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const whole = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19);
  return rest === 0n ? `${whole}Z` : `${whole}.${String(rest).padStart(6, "0")}Z`;
}

/** A decoded value as JSON: ids and bytes as texts, whole numbers as numbers. */
export function jsonOf(value) {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return idText(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === "number" && !Number.isFinite(value)) return notFinite(value);
  if (value === null || typeof value !== "object") return value;
  const members = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(members.map(([key, member]) => [key, jsonOf(member)]));
}

function notFinite(value) {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/** Compare two texts by code points: as their UTF-8, not as their UTF-16. */
export function compareTexts(left, right) {
  const [one, other] = [[...left], [...right]];
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) {
    const difference = one[at].codePointAt(0) - other[at].codePointAt(0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Order by several values at once: `keys(row)` gives texts, numbers, truth values. */
export function orderBy(rows, keys) {
  const keyed = rows.map((row) => ({ row, key: keys(row) }));
  keyed.sort((left, right) => compareKeys(left.key, right.key));
  return keyed.map(({ row }) => row);
}

export function compareKeys(left, right) {
  for (const [at, one] of left.entries()) {
    const difference =
      typeof one === "string"
        ? compareTexts(one, right[at])
        : Number(one > right[at]) - Number(one < right[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Items by what `keyOf` gives for them, in the order in which they are met. */
export function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

/** The rows that answer.json states; it must be their one spelling. */
export function statedRows(bytes) {
  const text = textOf(bytes, PLACE);
  let rows;
  try {
    rows = JSON.parse(text);
    require(spelled(rows) === text, `${PLACE}: not as RFC 8785`, { place: PLACE });
  } catch (error) {
    if (error instanceof MalformedError) throw error;
    throw new MalformedError(`${PLACE}: no JSON`, { place: PLACE });
  }
  require(Array.isArray(rows), `${PLACE}: no list of rows`, { place: PLACE });
  return rows;
}

/**
 * Compare stated rows with replayed ones, column by column.
 * @param nested names of members that are rows, or lists of rows.
 * @returns the names of columns that the replay does not give.
 */
export function compareRows(stated, replayed, nested) {
  const more = new Set();
  const length = Math.max(stated.length, replayed.length);
  for (let at = 0; at < length; at += 1) {
    const isThere = at < stated.length && at < replayed.length;
    if (isThere && agrees(stated[at], replayed[at], nested, more)) continue;
    throw differing(at, stated[at], replayed[at]);
  }
  return [...more].sort();
}

function differing(at, stated, replayed) {
  const shown = (row) => (row === undefined ? "no such row" : spelled(row).slice(0, 500));
  const text = `row ${at} of the answer is not what the enclosed entries say`;
  const facts = { place: `${PLACE} row ${at}`, expected: shown(replayed), actual: shown(stated) };
  return new IntegrityError(text, facts);
}

function agrees(stated, replayed, nested, more) {
  const isRow = stated !== null && typeof stated === "object" && !Array.isArray(stated);
  if (!isRow) return false;
  for (const name of Object.keys(stated)) if (!Object.hasOwn(replayed, name)) more.add(name);
  return Object.entries(replayed).every(([name, value]) => {
    if (!Object.hasOwn(stated, name)) return false;
    if (!nested.includes(name)) return spelled(stated[name]) === spelled(value);
    return agreesWithin(stated[name], value, more);
  });
}

function agreesWithin(stated, replayed, more) {
  if (!Array.isArray(replayed)) return agrees(stated, replayed, [], more);
  const isAsLong = Array.isArray(stated) && stated.length === replayed.length;
  return isAsLong && replayed.every((row, at) => agrees(stated[at], row, [], more));
}
