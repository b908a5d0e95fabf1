// Seal leaves and verdicts: docs/format.md, section 7.

import { isZero, uintAt, u64At } from "./bytes.mjs";
import { ENV_SIZE } from "./entry.mjs";
import { require } from "./errors.mjs";

export const VERDICTS = {
  0: "ACCEPTED",
  1: "DUPLICATE",
  16: "MALFORMED",
  17: "BAD_SIGNATURE",
  18: "UNKNOWN_KEY",
  19: "NOT_AUTHORISED",
  20: "KEY_REVOKED",
  21: "WRONG_LOG",
  22: "SEQ_GAP",
  23: "FORK",
  24: "BAD_ROOT",
  25: "UNKNOWN_SCHEMA",
  27: "TOO_LARGE",
  28: "STREAM_CLOSED",
  64: "GAP",
};
export const ACCEPTED = 0;
export const GAP = 64;
const WITH_AUX = [1, 22, 23, 64];
const MAYBE_BARE = [16, 27];
const FRONT_SIZE = 82;

/** Take the 82 or 318 bytes of a seal leaf apart. */
export function parseLeaf(bytes) {
  require(bytes.length >= FRONT_SIZE, `seal leaf of ${bytes.length} bytes`);
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  const envSize = uintAt(bytes, 80, 2);
  const isWhole = bytes.length === FRONT_SIZE + envSize && [0, ENV_SIZE].includes(envSize);
  const isOurs = magic === "MLLS" && uintAt(bytes, 4, 2) === 1;
  require(isOurs && isWhole, "seal leaf: wrong magic, version or length");
  const leaf = {
    bytes,
    verdict: uintAt(bytes, 6, 2),
    offset: u64At(bytes, 8),
    brokerTimestampMs: u64At(bytes, 16),
    aux: u64At(bytes, 24),
    registrySize: u64At(bytes, 32),
    sealedAtMs: u64At(bytes, 40),
    recordHash: bytes.slice(48, 80),
    env: bytes.slice(FRONT_SIZE),
  };
  checkLeaf(leaf);
  return leaf;
}

function checkLeaf(leaf) {
  const { verdict, aux, env } = leaf;
  require(verdict in VERDICTS, `seal leaf: no verdict ${verdict}`);
  if (verdict === GAP) {
    const isBare = env.length === 0 && isZero(leaf.recordHash);
    const isRange = leaf.brokerTimestampMs === 0n && aux >= leaf.offset;
    require(isBare && isRange, "seal leaf: a gap holds offsets and no record");
  } else {
    const mayLack = MAYBE_BARE.includes(verdict);
    require(env.length || mayLack, `seal leaf: ${VERDICTS[verdict]} without header`);
  }
  const mayHave = WITH_AUX.includes(verdict);
  require(aux === 0n || mayHave, `seal leaf: ${VERDICTS[verdict]} with aux ${aux}`);
}
