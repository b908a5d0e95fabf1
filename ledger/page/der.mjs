// DER, as far as time-stamp tokens and certificates need it. Source: ITU-T X.690.

import { hexOf } from "./bytes.mjs";
import { require } from "./errors.mjs";

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OID = 0x06;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;
const MAX_DER_DEPTH = 64;

/** Read one value that fills all bytes: `{ tag, content, raw, children() }`. */
export function parseDer(bytes, what) {
  const [value, end] = derAt(bytes, 0, what, 0);
  require(end === bytes.length, `${what}: bytes follow the DER value`);
  checkSpelling(value);
  return value;
}

/** Refuse what is BER and not DER, at any depth. Source: X.690, sections 8, 10 and 11. */
function checkSpelling(value) {
  const { tag, content, raw, what } = value;
  const isConstructed = (tag & 0x20) !== 0;
  const check = tag < 0x40 ? UNIVERSAL[tag] : anything;
  require(check, `${what}: DER tag 0x${tag.toString(16)}`);
  require(check(content), `${what}: not as DER spells it: ${hexOf(raw).slice(0, 40)}`);
  if (!isConstructed) return;
  const children = value.children();
  for (const child of children) checkSpelling(child);
  if (tag === SET) requireOrder(children, what);
}

function requireOrder(children, what) {
  const texts = children.map((child) => hexOf(child.raw));
  const inOrder = texts.every((text, i) => i === 0 || texts[i - 1] <= text);
  require(inOrder, `${what}: a DER set out of order`);
}

const anything = () => true;
const isAscii = (content) => content.every((byte) => byte < 0x80);
/** Tags that certificates and tokens use, and what their content must be like. */
const UNIVERSAL = {
  0x01: (content) => content.length === 1 && (content[0] === 0 || content[0] === 0xff),
  0x02: isShortestInteger,
  0x03: isBitString,
  0x04: anything,
  0x05: (content) => content.length === 0,
  0x06: isObjectIdentifier,
  0x0a: isShortestInteger,
  0x0c: anything,
  0x13: isAscii,
  0x14: anything,
  0x16: isAscii,
  0x17: isAscii,
  0x18: isAscii,
  0x1c: anything,
  0x1e: anything,
  0x30: anything,
  0x31: anything,
};

/** Bits that are not used are zero. */
function isBitString(content) {
  const unused = content[0] ?? 8;
  if (unused > 7 || (content.length === 1 && unused > 0)) return false;
  return content.length === 1 || (content.at(-1) & ((1 << unused) - 1)) === 0;
}

function isShortestInteger(content) {
  if (content.length < 2) return content.length === 1;
  const isPadded = content[0] === 0 && content[1] < 0x80;
  return !isPadded && !(content[0] === 0xff && content[1] >= 0x80);
}

function isObjectIdentifier(content) {
  const starts = [0, ...[...content.keys()].filter((at) => content[at] < 0x80).map((at) => at + 1)];
  const areShortest = starts.every((at) => content[at] !== 0x80);
  return content.length > 0 && content.at(-1) < 0x80 && areShortest;
}

function derAt(bytes, start, what, depth) {
  require(depth < MAX_DER_DEPTH, `${what}: DER nested too deeply`);
  require(start + 2 <= bytes.length, `${what}: DER ends too early`);
  const tag = bytes[start];
  require((tag & 0x1f) !== 0x1f, `${what}: DER tag of several bytes`);
  const [length, at] = derLength(bytes, start + 1, what);
  const end = at + length;
  require(end <= bytes.length, `${what}: DER ends too early`);
  const content = bytes.subarray(at, end);
  const children = () => derChildren(content, what, depth + 1);
  return [{ tag, content, raw: bytes.subarray(start, end), children, what }, end];
}

function derLength(bytes, at, what) {
  const first = bytes[at];
  if (first < 0x80) return [first, at + 1];
  const width = first & 0x7f;
  require(width >= 1 && width <= 4, `${what}: DER length`);
  let length = 0;
  for (let i = 1; i <= width; i += 1) {
    require(at + i < bytes.length, `${what}: DER ends too early`);
    length = length * 256 + bytes[at + i];
  }
  const shortest = length >= 0x80 && length >= 256 ** (width - 1);
  require(shortest, `${what}: DER length is not in its shortest form`);
  return [length, at + 1 + width];
}

function derChildren(content, what, depth) {
  const found = [];
  for (let at = 0; at < content.length; ) {
    const [value, end] = derAt(content, at, what, depth);
    found.push(value);
    at = end;
  }
  return found;
}

/** Return a value after checking its tag. */
export function expectTag(value, tag, name) {
  require(value?.tag === tag, `${value?.what ?? "DER"}: no ${name}`);
  return value;
}

/** The dotted text of an object identifier. */
export function oidOf(value) {
  const bytes = expectTag(value, OID, "object identifier").content;
  require(bytes.length > 0 && bytes.at(-1) < 0x80, `${value.what}: object identifier`);
  const arcs = [];
  let arc = 0n;
  for (const byte of bytes) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const top = arcs[0] < 80n ? arcs[0] / 40n : 2n;
  return [top, arcs[0] - top * 40n, ...arcs.slice(1)].join(".");
}

export function integerOf(value) {
  const { content } = expectTag(value, INTEGER, "integer");
  require(content.length > 0 && content[0] < 0x80, `${value.what}: negative integer`);
  return BigInt(`0x${hexOf(content)}`);
}

/** Milliseconds since 1970 of a UTCTime or GeneralizedTime in UTC. */
export function timeOf(value) {
  const text = String.fromCharCode(...value.content);
  const isShort = value.tag === UTC_TIME;
  const pattern = isShort
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
    : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/;
  const match = pattern.exec(text);
  const known = isShort || value.tag === GENERALIZED_TIME;
  require(known && match, `${value.what}: not a time: ${text.slice(0, 40)}`);
  const [year, ...rest] = match.slice(1, 7).map(Number);
  const [month, day, hour, minute, second] = rest;
  const century = isShort ? (year < 50 ? 2000 : 1900) : 0;
  const date = new Date(0);
  date.setUTCFullYear(century + year, month - 1, day);
  const whole = date.setUTCHours(hour, minute, second, 0);
  const found = [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()];
  found.push(date.getUTCMinutes(), date.getUTCSeconds());
  require(String(found) === String(rest), `${value.what}: no such time: ${text}`);
  const fraction = isShort ? "" : (match[7] ?? "");
  return whole + Number(fraction.slice(0, 3).padEnd(3, "0"));
}

/** The bytes of each block of a PEM text with this label. */
export function pemBlocks(text, label) {
  const pattern = new RegExp(
    `-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`,
    "g",
  );
  return [...text.matchAll(pattern)].map(([, body]) =>
    Uint8Array.from(atob(body.replace(/\s/g, "")), (c) => c.charCodeAt(0)),
  );
}
