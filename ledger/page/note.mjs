// Signed notes, verifier keys, checkpoints: docs/format.md, sections 2 and 10.

import {
  base64Of,
  concat,
  hexOf,
  isEqual,
  parseBase64,
  parseDecimal,
  textOf,
  u64At,
  utf8,
} from "./bytes.mjs";
import { sha256, verifyEd25519 } from "./crypto.mjs";
import { IntegrityError, SignatureError, require } from "./errors.mjs";

export const LOG_KEY = 0x01;
export const WITNESS_KEY = 0x04;
const MAX_NOTE = 1_000_000;
const MAX_SIGNATURES = 100;
const DASH = "\u2014 ";
const CONTROL_CHARACTER = /[\x00-\x09\x0b-\x1f]/;
const NOT_IN_NAMES = /[+\x00-\x1f]|\p{White_Space}/u;
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export function checkName(name) {
  const fits = name !== "" && !NOT_IN_NAMES.test(name);
  require(fits, `${JSON.stringify(name.slice(0, 80))}: not a key name`);
}

/** Parse `<name>+<8 hex digits>+<base64 of type and key>`. */
export async function parseVkey(text) {
  const parts = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text);
  require(parts, `${JSON.stringify(text.slice(0, 80))}: not a verifier key`);
  const [, name, keyId, keyText] = parts;
  checkName(name);
  require(/^[0-9a-f]{8}$/.test(keyId), `${text}: the key id is not 8 lower-case hex digits`);
  const data = parseBase64(keyText);
  const ours = data[0] === LOG_KEY || data[0] === WITNESS_KEY;
  require(data.length >= 2 && (!ours || data.length === 33), `${text}: wrong key length`);
  const computed = await sha256(concat(utf8(`${name}\n`), data));
  require(hexOf(computed.subarray(0, 4)) === keyId, `${text}: the key id is another`);
  return { name, keyId, type: data[0], publicKey: data.slice(1), text };
}

/** Parse a signed note without checking any signature. */
export function parseNote(bytes) {
  require(bytes.length <= MAX_NOTE, `a note of ${bytes.length} bytes`);
  const whole = textOf(bytes, "note");
  require(!CONTROL_CHARACTER.test(whole), "the note holds a control character");
  const gap = whole.lastIndexOf("\n\n");
  const complete = gap >= 0 && whole.endsWith("\n") && gap + 2 < whole.length;
  require(complete, "the note has no empty line, or no signature below it");
  const lines = whole.slice(gap + 2, -1).split("\n");
  require(lines.length <= MAX_SIGNATURES, `the note has ${lines.length} signatures`);
  return { text: whole.slice(0, gap + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line) {
  const [name, payload] = line.slice(DASH.length).split(/ (.*)/s, 2);
  const shown = JSON.stringify(line.slice(0, 80));
  require(line.startsWith(DASH) && payload !== undefined, `${shown}: no signature line`);
  checkName(name);
  const data = parseBase64(payload);
  require(data.length >= 5, `${shown}: the signature is too short`);
  return { name, keyId: hexOf(data.subarray(0, 4)), signature: data.slice(4) };
}

/** The one signature of a key, or null; two lines of one key are refused. */
export function signatureOf(note, vkey) {
  const lines = note.signatures.filter(
    (line) => line.name === vkey.name && line.keyId === vkey.keyId,
  );
  if (lines.length > 1) {
    throw new SignatureError(`two signatures by ${vkey.name}+${vkey.keyId}`);
  }
  return lines.length ? lines[0].signature : null;
}

/** Check that a note carries exactly one signature by a plain Ed25519 key. */
export async function verifyNote(note, vkey) {
  if (vkey.type !== LOG_KEY) throw new SignatureError(`${vkey.name}: not a log key`);
  const signature = signatureOf(note, vkey);
  if (!signature) throw new SignatureError(`no signature by ${vkey.name}+${vkey.keyId}`);
  await verifyEd25519(vkey.publicKey, signature, utf8(note.text), vkey.name);
}

/** Check a witness's line, if the note has one; returns its time in seconds or null. */
export async function verifyCosignature(note, vkey) {
  const data = signatureOf(note, vkey);
  if (!data) return null;
  require(data.length === 72, `cosignature by ${vkey.name}: not 72 bytes`);
  const time = u64At(data, 0);
  require(time < 1n << 63n, `cosignature by ${vkey.name}: no such time`);
  const message = utf8(`cosignature/v1\ntime ${time}\n${note.text}`);
  await verifyEd25519(vkey.publicKey, data.subarray(8), message, vkey.name);
  return time;
}

/** Parse the three lines of a checkpoint's text. */
export function parseCheckpointText(text) {
  const lines = text.split("\n");
  require(lines.length === 4 && lines[3] === "", `a checkpoint has 3 lines`);
  const [origin, sizeText, rootText] = lines;
  checkName(origin);
  const size = parseDecimal(sizeText);
  const root = parseBase64(rootText);
  const fits = root.length === 32 && (size > 0n || hexOf(root) === EMPTY_ROOT);
  require(fits, `${origin}: not the root of such a tree`);
  return { origin, size, root };
}

export function parseCheckpoint(bytes) {
  const note = parseNote(bytes);
  return { ...parseCheckpointText(note.text), note };
}

/** Check one log's signature and return the checkpoint it signed. */
export async function verifyCheckpoint(bytes, vkey) {
  const checkpoint = parseCheckpoint(bytes);
  if (checkpoint.origin !== vkey.name) {
    throw new SignatureError(`a checkpoint of ${checkpoint.origin}, not of ${vkey.name}`, {
      expected: vkey.name,
      actual: checkpoint.origin,
    });
  }
  await verifyNote(checkpoint.note, vkey);
  return checkpoint;
}

export function checkpointText({ origin, size, root }) {
  return `${origin}\n${size}\n${base64Of(root)}\n`;
}

/** Refuse two checkpoints of one origin and size with different roots. */
export function refuseFork(left, right) {
  const same = left.origin === right.origin && left.size === right.size;
  if (same && !isEqual(left.root, right.root)) {
    throw new IntegrityError(`two roots of ${left.origin} at size ${left.size}`, {
      expected: hexOf(left.root),
      actual: hexOf(right.root),
    });
  }
}
