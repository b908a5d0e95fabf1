// SHA-256 and strict Ed25519 through WebCrypto: docs/format.md, sections 1 and 3.

import { hexOf } from "./bytes.mjs";
import { SignatureError, UnableError } from "./errors.mjs";

/** Encodings of the points of low order, canonical or not. Source: C2SP CCTV. */
const LOW_ORDER = new Set(
  [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ].flatMap((text) => [text, withSignBit(text)]),
);
/** RFC 8032, section 7.1, test 2: what a browser must accept before it is trusted. */
const PROBE = {
  key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
  signature:
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  message: "72",
};
const MOST_KEYS = 64;
const keys = new Map();
let ability = null;

export async function sha256(bytes) {
  return new Uint8Array(await subtle().digest("SHA-256", bytes));
}

/** The browser's cryptography, or "could not check". */
export function subtle() {
  const found = globalThis.crypto?.subtle;
  if (!found) throw new UnableError("this browser gives the page no cryptography");
  return found;
}

/** Make sure that this browser verifies Ed25519, by one known signature. */
export async function requireEd25519() {
  ability ??= probeEd25519();
  if (!(await ability)) throw new UnableError("this browser cannot verify Ed25519");
}

async function probeEd25519() {
  const [key, signature, message] = ["key", "signature", "message"].map((name) =>
    Uint8Array.from(PROBE[name].match(/../g), (pair) => parseInt(pair, 16)),
  );
  try {
    return await libraryVerifies(key, signature, message);
  } catch {
    return false;
  }
}

export function isLowOrder(encoding) {
  return LOW_ORDER.has(hexOf(encoding));
}

/**
 * Check an Ed25519 signature, strictly.
 * Source: RFC 8032, section 5.1.7; C2SP CCTV for the refusal.
 */
export async function verifyEd25519(publicKey, signature, message, what) {
  await requireEd25519();
  if (publicKey.length !== 32 || signature.length !== 64) {
    throw new SignatureError(`${what}: an Ed25519 key has 32 bytes, a signature 64`);
  }
  if (isLowOrder(publicKey) || isLowOrder(signature.subarray(0, 32))) {
    throw new SignatureError(`${what}: the key or the signature's R is of low order`);
  }
  let holds = false;
  try {
    holds = await libraryVerifies(publicKey, signature, message);
  } catch {
    holds = false; // a key that is no point: the browser proved able just before
  }
  if (!holds) {
    const text = `${what}: the signature does not verify under key ${hexOf(publicKey)}`;
    throw new SignatureError(text);
  }
}

async function libraryVerifies(publicKey, signature, message) {
  const key = await importedKey(publicKey);
  return subtle().verify("Ed25519", key, signature, message);
}

async function importedKey(publicKey) {
  const name = hexOf(publicKey);
  if (!keys.has(name)) {
    const key = await subtle().importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    if (keys.size >= MOST_KEYS) keys.clear();
    keys.set(name, key);
  }
  return keys.get(name);
}

function withSignBit(text) {
  return text.slice(0, 62) + (parseInt(text.slice(62), 16) | 0x80).toString(16);
}
