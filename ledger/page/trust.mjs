// Steps 5 and 7: checkpoints, witnesses, manifest and attested time. docs/format.md.

import { base64Of, concat, isEqual, utf8 } from "./bytes.mjs";
import { readRoots } from "./certificate.mjs";
import { decodeEvent, placeOfLeaf } from "./evidence.mjs";
import { IntegrityError, MissingEvidenceError, SignatureError, require } from "./errors.mjs";
import { leafHash, verifyConsistency } from "./merkle.mjs";
import {
  checkpointText,
  parseCheckpoint,
  parseVkey,
  refuseFork,
  signatureOf,
  verifyCosignature,
  verifyNote,
} from "./note.mjs";
import { attestedSeconds, freshSeconds, isSatisfied } from "./policy.mjs";
import { parseProof } from "./proof.mjs";
import { Hashes, requireRoot, walkRange } from "./range.mjs";
import { parseToken, verifyImprint, verifyToken } from "./timestamp.mjs";

const MAX_SKEW_S = 60n;
const NO_BYTES = new Uint8Array(0);

/** Step 5: each enclosed leaf is in a tree that its log and the witnesses signed. */
export async function verifyCheckpoints(bundle, registry, outside, findings) {
  const words = [];
  for (const found of bundle.logs.values()) {
    const said = await findings.check(() => verifyLog(found, registry, outside, findings));
    found.isVerified = said !== null && (await findings.check(() => requireQuorum(found, outside)));
    if (said) words.push(said);
    await findings.check(() => verifyRange(bundle, found));
  }
  const { policy } = outside;
  const none = policy.quorum === "none";
  if (none) words.push("no witness outside the operator: proves nothing against its operator");
  else words.push(`quorum ${policy.quorum} of ${policy.witnesses.length} witnesses`);
  return words.join("; ");
}

async function verifyLog(found, registry, outside, findings) {
  const place = `${found.log}/checkpoint`;
  const { note, ...checkpoint } = parseCheckpoint(found.checkpointBytes);
  found.checkpoint = checkpoint;
  const origin = `${registry.name}/${found.log}`;
  if (registry.name === null) {
    throw new MissingEvidenceError(`${place}: the name of the ledger is not proved`, { place });
  }
  if (checkpoint.origin !== origin) {
    const facts = { place, expected: origin, actual: checkpoint.origin };
    throw new IntegrityError(`${place}: a checkpoint of another log`, facts);
  }
  const by = await verifyLogSignature(note, origin, registry, outside.policy, place);
  found.cosignatures = await verifyWitnesses(note, outside, place, findings);
  found.witnessedS = attestedSeconds(outside.policy, found.cosignatures);
  for (const [index, leaf] of found.leaves) {
    await findings.check(() => verifyWitnessed(found, placeOfLeaf(found.log, index), leaf));
  }
  return `${origin} size ${checkpoint.size}, log key ${by}`;
}

/** A leaf had been sealed when a quorum signed the tree it is in. */
function verifyWitnessed({ witnessedS }, place, { sealedAtMs }) {
  if (witnessedS === null) return;
  const until = (witnessedS + MAX_SKEW_S) * 1000n;
  if (sealedAtMs <= until) return;
  const facts = { place, expected: `${until} ms or earlier`, actual: `${sealedAtMs} ms` };
  throw new IntegrityError(`${place}: sealed after the witnesses signed it`, facts);
}

/** The policy's keys of an origin count; without any, the one of genesis. */
async function verifyLogSignature(note, origin, registry, policy, place) {
  const listed = policy.logs.filter((vkey) => vkey.name === origin);
  if (listed.length === 0) {
    const text = registry.genesisVkey(origin);
    if (!text) {
      throw new MissingEvidenceError(`${place}: no log key of ${origin} is known`, { place });
    }
    await verifyNote(note, await parseVkey(text));
    return "by the ledger id";
  }
  const signed = listed.filter((vkey) => signatureOf(note, vkey) !== null);
  if (signed.length === 0) {
    throw new SignatureError(`${place}: no listed log key signed it`, { place });
  }
  for (const vkey of signed) await verifyNote(note, vkey);
  return "by the policy";
}

async function verifyWitnesses(note, { policy, nowS }, place, findings) {
  const cosignatures = [];
  for (const { name, vkey } of policy.witnesses) {
    const time = await findings.check(() => verifyCosignature(note, vkey));
    if (time === null) continue;
    const isFuture = time > nowS + MAX_SKEW_S;
    if (isFuture) {
      const facts = { place, expected: `${nowS + MAX_SKEW_S} s or less`, actual: `${time} s` };
      throw new SignatureError(`${place}: witness ${name} signed in the future`, facts);
    }
    cosignatures.push({ name, time });
  }
  return cosignatures;
}

function requireQuorum({ log, cosignatures }, { policy, nowS, maxAgeS }) {
  const place = `${log}/checkpoint`;
  const names = new Set(cosignatures.map((one) => one.name));
  if (!isSatisfied(policy, names)) {
    throw new MissingEvidenceError(`${place}: the witness quorum is not reached`, {
      place,
      expected: `quorum ${policy.quorum}`,
      actual: [...names].join(", ") || "none",
    });
  }
  if (maxAgeS === null) return true;
  const fresh = freshSeconds(policy, cosignatures);
  if (fresh === null || nowS - fresh > maxAgeS) {
    throw new MissingEvidenceError(`${place}: older than the largest age that was set`, {
      place,
      expected: `${maxAgeS} s or less`,
      actual: fresh === null ? "no witness time" : `${nowS - fresh} s`,
    });
  }
  return true;
}

async function verifyRange(bundle, found) {
  if (!found.checkpoint) return;
  const what = `${found.log}/leaves.proof`;
  const { size, root: signed } = found.checkpoint;
  const leaves = await Promise.all(
    [...found.leaves].map(async ([index, leaf]) => ({
      index,
      hash: await leafHash(leaf.bytes),
    })),
  );
  const wanted = writtenProofs(bundle.about, found.log);
  for (const proof of wanted.length > 0 ? wanted : [{ leaf: null }]) {
    const hashes = new Hashes(found.leavesProof ?? NO_BYTES, what);
    const { root, path } = await walkRange({ leaves, size, hashes, wanted: proof.leaf });
    hashes.requireEnd();
    requireRoot(signed, root, `${found.log}: root`);
    const isThere = proof.leaf === null || found.leaves.has(proof.leaf);
    require(isThere, `${found.log}: leaf ${proof.leaf} is not enclosed`);
    if (proof.place) checkProofFile(bundle, found, proof, path);
  }
}

/** The proofs of a log that are written down in the form of C2SP. */
function writtenProofs({ subject, manifest }, log) {
  const all = [
    { place: "partition.tlog-proof", ...subject },
    { place: "manifest.tlog-proof", ...manifest },
  ];
  return all.filter((proof) => proof.log === log);
}

function checkProofFile({ files }, found, { place, leaf }, path) {
  const bytes = files.get(place);
  if (!bytes) return;
  parseProof(bytes, place);
  const lines = path.map((hash) => `${base64Of(hash)}\n`).join("");
  const text = `c2sp.org/tlog-proof@v1\nindex ${leaf}\n${lines}\n`;
  const agrees = isEqual(bytes, concat(utf8(text), found.checkpointBytes));
  require(agrees, `${place}: it differs from the range proof beside it`, { place });
}

/** Step 7: one history up to the manifest, and the time an authority attests for it. */
export async function verifyTime(bundle, events, outside, findings) {
  bundle.attested = { timeMs: null, words: "not recorded", by: null };
  if (!bundle.about.manifest) return "no manifest is enclosed: attested time not recorded";
  const cut = await readManifest(bundle, events);
  for (const found of bundle.logs.values()) {
    if (found.log !== bundle.about.manifest.log) await findings.check(() => verifyCut(found, cut));
  }
  await findings.check(() => readTime(bundle, outside));
  for (const { log, isVerified } of bundle.logs.values()) {
    await findings.check(() => requireVerified(log, isVerified));
  }
  const { leaf, index } = bundle.about.manifest;
  return `manifest leaf ${leaf} event ${index}: ${tokenText(bundle.attested)}`;
}

function requireVerified(log, isVerified) {
  if (isVerified) return;
  throw new MissingEvidenceError(`${log}: its checkpoint did not verify`);
}

function tokenText({ timeMs, by, words }) {
  return timeMs === null ? `attested time ${words}` : `token by ${by}, not later than ${words}`;
}

async function readManifest(bundle, events) {
  const { log, leaf, index } = bundle.about.manifest;
  const event = events.find(
    (one) => one.log === log && one.leafIndex === leaf && BigInt(one.index) === index,
  );
  if (!event) throw new MissingEvidenceError("the manifest event is not enclosed");
  const { type, fields } = await decodeEvent(bundle, event);
  require(type === "ledger.manifest.published", `${event.place}: it is a ${type}`);
  const origins = fields.checkpoints.map((one) => one.origin);
  require(new Set(origins).size === origins.length, `${event.place}: an origin twice`);
  return new Map(fields.checkpoints.map((one) => [one.origin, one]));
}

/** The manifest's tree and the checkpoint's tree of a log are of one history. */
async function verifyCut(found, cut) {
  const what = `${found.log}/consistency.proof`;
  const now = found.checkpoint;
  if (!now) throw new MissingEvidenceError(`${found.log}: no checkpoint to compare with`);
  const listed = cut.get(now.origin);
  const hashes = new Hashes(found.consistency ?? NO_BYTES, what).all();
  if (!listed || listed.size === 0n || now.size === 0n || listed.size === now.size) {
    require(hashes.length === 0, `${what}: nothing asks for it`, { place: what });
    if (listed) refuseFork({ ...listed, origin: now.origin }, now);
    found.coveredSize = listed?.size ?? 0n;
    return;
  }
  const [old, grown] = listed.size < now.size ? [listed, now] : [now, listed];
  await verifyConsistency({
    oldSize: old.size,
    oldRoot: old.root,
    newSize: grown.size,
    newRoot: grown.root,
    proof: hashes,
    what,
  });
  found.coveredSize = listed.size;
}

async function readTime(bundle, { roots }) {
  const { log } = bundle.about.manifest;
  const { checkpoint = null, token: bytes = null } = bundle.logs.get(log) ?? {};
  const place = `${log}/checkpoint.tsr`;
  if (!bytes) return;
  const token = parseToken(bytes);
  if (!checkpoint) throw new MissingEvidenceError(`${place}: no checkpoint to compare with`);
  await verifyImprint(token, utf8(checkpointText(checkpoint)));
  if (roots === null) {
    bundle.attested.words = "not established: no TSA root given";
    return;
  }
  await verifyToken(token, readRoots(roots));
  const timeMs = token.timeMs + (token.accuracyMs ?? 0);
  bundle.attested = { timeMs, by: token.holder.name, words: new Date(timeMs).toISOString() };
}
