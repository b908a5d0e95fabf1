// C2SP tlog-proof files: docs/format.md, section 12.

import { parseBase64, parseDecimal, textOf, utf8 } from "./bytes.mjs";
import { require } from "./errors.mjs";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
const MAX_HASHES = 63;

/** Take a proof file apart: `{ index, hashes, checkpointBytes }`. */
export function parseProof(bytes, what) {
  const text = textOf(bytes, what);
  const gap = text.indexOf("\n\n");
  require(gap >= 0, `${what}: no empty line before the checkpoint`);
  const lines = text.slice(0, gap).split("\n");
  require(lines.shift() === FIRST_LINE, `${what}: not a tlog-proof`);
  if (lines[0]?.startsWith("extra ")) parseBase64(lines.shift().slice(6));
  const indexLine = lines.shift() ?? "";
  require(indexLine.startsWith("index "), `${what}: no index`);
  require(lines.length <= MAX_HASHES, `${what}: ${lines.length} hashes`);
  const hashes = lines.map((line) => parseBase64(line));
  require(hashes.every((hash) => hash.length === 32), `${what}: not a hash`);
  return {
    index: parseDecimal(indexLine.slice(6)),
    hashes,
    checkpointBytes: utf8(text.slice(gap + 2)),
  };
}
