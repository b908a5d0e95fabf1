// RFC 6962 Merkle trees: docs/format.md, section 9. Sizes and indexes are BigInt.

import { concat, hexOf, isEqual } from "./bytes.mjs";
import { sha256 } from "./crypto.mjs";
import { RootMismatchError, require } from "./errors.mjs";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(data) {
  return sha256(concat(LEAF, data));
}

export function nodeHash(left, right) {
  return sha256(concat(NODE, left, right));
}

/** The root over leaf hashes. Source: RFC 9162, section 2.1.1. */
export async function rootOf(hashes) {
  if (hashes.length === 0) return sha256(new Uint8Array(0));
  let level = hashes;
  while (level.length > 1) {
    const above = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(nodeHash(level[i], level[i + 1]));
    }
    const spare = level.length % 2 ? level.slice(-1) : [];
    level = [...(await Promise.all(above)), ...spare];
  }
  return level[0];
}

/** Check that a leaf hash is entry `index` of a tree. Source: RFC 9162, 2.1.3.2. */
export async function verifyInclusion({ index, size, leaf, proof, root, what }) {
  require(index >= 0n && index < size, `${what}: no leaf ${index} in a tree of ${size}`);
  const areHashes = [leaf, root, ...proof].every((hash) => hash.length === 32);
  require(areHashes, `${what}: a hash does not have 32 bytes`);
  const computed = await climb(index, size - 1n, leaf, proof, what);
  compareRoots(root, computed, what);
}

async function climb(index, lastIndex, leaf, proof, what) {
  let [place, last, hash] = [index, lastIndex, leaf];
  for (const other of proof) {
    require(last > 0n, `${what}: the proof is too long`);
    if (place & 1n || place === last) {
      hash = await nodeHash(other, hash);
      while (!(place & 1n) && place > 0n) [place, last] = [place >> 1n, last >> 1n];
    } else {
      hash = await nodeHash(hash, other);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  require(last === 0n, `${what}: the proof is too short`);
  return hash;
}

/** Check that one tree is the beginning of another. Source: RFC 9162, 2.1.4.2. */
export async function verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof, what }) {
  const inOrder = oldSize > 0n && oldSize <= newSize;
  require(inOrder, `${what}: cannot check consistency of ${oldSize} and ${newSize}`);
  if (oldSize === newSize) {
    require(proof.length === 0, `${what}: trees of one size need no proof`);
    compareRoots(oldRoot, newRoot, what);
    return;
  }
  const areHashes = [oldRoot, newRoot, ...proof].every((hash) => hash.length === 32);
  require(areHashes, `${what}: a hash does not have 32 bytes`);
  const isPower = (oldSize & (oldSize - 1n)) === 0n;
  const whole = isPower ? [oldRoot, ...proof] : proof;
  const [old, grown] = await bothRoots(oldSize, newSize, whole, what);
  compareRoots(oldRoot, old, `${what}: old root`);
  compareRoots(newRoot, grown, `${what}: new root`);
}

async function bothRoots(oldSize, newSize, proof, what) {
  require(proof.length > 0, `${what}: the proof is too short`);
  let [place, last] = [oldSize - 1n, newSize - 1n];
  while (place & 1n) [place, last] = [place >> 1n, last >> 1n];
  let [old, grown] = [proof[0], proof[0]];
  for (const other of proof.slice(1)) {
    require(last > 0n, `${what}: the proof is too long`);
    if (place & 1n || place === last) {
      old = await nodeHash(other, old);
      grown = await nodeHash(other, grown);
      while (!(place & 1n) && place > 0n) [place, last] = [place >> 1n, last >> 1n];
    } else {
      grown = await nodeHash(grown, other);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  require(last === 0n, `${what}: the proof is too short`);
  return [old, grown];
}

function compareRoots(expected, computed, what) {
  if (isEqual(expected, computed)) return;
  const [wanted, found] = [hexOf(expected), hexOf(computed)];
  throw new RootMismatchError(
    `${what} differs: expected ${wanted}, computed ${found}`,
    { expected: wanted, actual: found },
  );
}
