// Range proofs: any set of leaves of a tree at once. docs/format.md, "Bundle layout".

import { hexOf, isEqual } from "./bytes.mjs";
import { RootMismatchError, require } from "./errors.mjs";
import { nodeHash } from "./merkle.mjs";

/** Takes the hashes of a proof one after another. */
export class Hashes {
  constructor(bytes, what) {
    require(bytes.length % 32 === 0, `${what}: not a list of hashes`);
    this.bytes = bytes;
    this.what = what;
    this.at = 0;
  }

  next() {
    require(this.at < this.bytes.length, `${this.what}: a hash is missing`);
    this.at += 32;
    return this.bytes.slice(this.at - 32, this.at);
  }

  all() {
    const found = [];
    while (this.at < this.bytes.length) found.push(this.next());
    return found;
  }

  requireEnd() {
    require(this.at === this.bytes.length, `${this.what}: hashes are left over`);
  }
}

/**
 * Compute the root over enclosed leaves and the hashes that complete them.
 * @param leaves array of { index: BigInt, hash }, strictly ascending, one at least.
 * @param wanted index whose inclusion path is collected, or null.
 * @returns root and path, from the leaf's sibling up to the root's child.
 */
export async function walkRange({ leaves, size, hashes, wanted = null }) {
  const last = leaves.at(-1).index;
  require(last < size, `${hashes.what}: no leaf ${last} in a tree of ${size}`);
  const path = [];

  async function rootBetween(start, end, low, high) {
    if (low === high) return hashes.next();
    if (end - start === 1n) return leaves[low].hash;
    const middle = start + largestPowerBelow(end - start);
    const split = firstNotBelow(leaves, middle, low, high);
    const left = await rootBetween(start, middle, low, split);
    const right = await rootBetween(middle, end, split, high);
    if (wanted !== null && start <= wanted && wanted < end) {
      path.push(wanted < middle ? right : left);
    }
    return nodeHash(left, right);
  }

  const root = await rootBetween(0n, size, 0, leaves.length);
  return { root, path };
}

export function requireRoot(expected, computed, what) {
  if (isEqual(expected, computed)) return;
  const facts = { expected: hexOf(expected), actual: hexOf(computed) };
  throw new RootMismatchError(
    `${what} differs: expected ${facts.expected}, computed ${facts.actual}`,
    facts,
  );
}

function largestPowerBelow(size) {
  let power = 1n;
  while (power * 2n < size) power *= 2n;
  return power;
}

function firstNotBelow(leaves, index, low, high) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leaves[middle].index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
