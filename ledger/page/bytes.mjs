// Bytes and their texts, each with one spelling: docs/format.md, section 1.

import { MalformedError, require } from "./errors.mjs";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DECIMAL = /^(0|[1-9][0-9]{0,18})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TWO_63 = 1n << 63n;

export function utf8(text) {
  return ENCODER.encode(text);
}

/** Decode strict UTF-8; `what` names the bytes in the refusal. */
export function textOf(bytes, what) {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new MalformedError(`${what}: not UTF-8`);
  }
}

export function hexOf(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

export function bytesOfHex(text, what) {
  require(/^(?:[0-9a-f]{2})*$/.test(text), `${what}: not lower-case hex`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function isEqual(left, right) {
  if (left.length !== right.length) return false;
  return left.every((byte, at) => byte === right[at]);
}

export function isZero(bytes) {
  return bytes.every((byte) => byte === 0);
}

/** Read a big-endian unsigned number of up to 4 bytes. */
export function uintAt(bytes, at, width) {
  let number = 0;
  for (let i = at; i < at + width; i += 1) number = number * 256 + bytes[i];
  return number;
}

/** Read a big-endian u64 as a BigInt. */
export function u64At(bytes, at) {
  return (BigInt(uintAt(bytes, at, 4)) << 32n) | BigInt(uintAt(bytes, at + 4, 4));
}

export function u64Bytes(number) {
  return Uint8Array.from({ length: 8 }, (_, i) =>
    Number((number >> BigInt(56 - 8 * i)) & 255n),
  );
}

export function u32Bytes(number) {
  return u64Bytes(BigInt(number)).subarray(4);
}

/** Parse `0` or digits without a leading zero, below 2^63, as a BigInt. */
export function parseDecimal(text) {
  require(DECIMAL.test(text), `${JSON.stringify(text.slice(0, 40))}: not a decimal number`);
  const number = BigInt(text);
  require(number < TWO_63, `${text}: larger than 2^63 - 1`);
  return number;
}

/** Parse standard base64 that encodes back to the same text. */
export function parseBase64(text) {
  const shown = JSON.stringify(text.slice(0, 80));
  require(BASE64.test(text), `${shown}: not base64`);
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  require(base64Of(bytes) === text, `${shown}: not the base64 of its own bytes`);
  return bytes;
}

export function base64Of(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
