// Steps 3 and 6: signatures, and whether their keys were authorised. docs/format.md.

import { isManifest } from "./about.mjs";
import { hexOf, isEqual, utf8 } from "./bytes.mjs";
import { sha256 } from "./crypto.mjs";
import { verifyHeader } from "./entry.mjs";
import { placeOfLeaf, schemaOf } from "./evidence.mjs";
import { IntegrityError, MissingEvidenceError } from "./errors.mjs";
import { ACCEPTED } from "./leaf.mjs";
import { parseCheckpoint } from "./note.mjs";
import { mayWrite } from "./registry.mjs";

/** Each accepted leaf of each log: `{ log, index, leaf, place }`. */
export function acceptedLeaves(bundle) {
  const found = [];
  for (const { log, leaves } of bundle.logs.values()) {
    for (const [index, leaf] of leaves) {
      if (leaf.verdict === ACCEPTED) {
        found.push({ log, index, leaf, place: placeOfLeaf(log, index) });
      }
    }
  }
  return found;
}

/** Step 3: the entry was signed for this log by the key it names. */
export async function verifySignatures(bundle, registry, findings) {
  const all = acceptedLeaves(bundle);
  for (const one of all) {
    await findings.check(() => verifySignature(one, registry));
  }
  return `${all.length} headers, strict Ed25519`;
}

async function verifySignature({ log, leaf, place }, registry) {
  const { header, signature } = leaf;
  const logId = await sha256(utf8(`${registry.name}/${log}`));
  if (registry.name && !isEqual(logId, header.logId)) {
    const facts = { place, expected: hexOf(logId), actual: hexOf(header.logId) };
    throw new IntegrityError(`${place}: the entry was signed for another log`, facts);
  }
  const publicKey = registry.publicKey(header.keyFp);
  if (!publicKey) throw unknownKey(place, header.keyFp);
  await verifyHeader(header, signature, publicKey, place);
}

function unknownKey(place, keyFp) {
  const text = `${place}: nothing enclosed authorises the key ${hexOf(keyFp)}`;
  return new MissingEvidenceError(text, { place });
}

/** Step 6, after the registry is built: every signing key could sign what it signed. */
export async function verifyKeys(bundle, events, registry, findings) {
  const controlSize = sizeOfControl(bundle);
  const typesOf = await typesByLeaf(bundle, events);
  for (const one of acceptedLeaves(bundle)) {
    const types = [...(typesOf.get(one.place) ?? [])];
    if (registry.genesis) {
      await findings.check(() => verifyKey(one, types, registry, controlSize));
    }
    noteSuspicion(one, registry, findings);
  }
  const signers = new Set(
    acceptedLeaves(bundle).map(({ leaf }) => registry.signer(leaf.header.keyFp).name),
  );
  const names = [...signers].sort().join(", ");
  return `ledger ${registry.name}: ${names}; not revoked: by the witnessed verdicts`;
}

/** Size of the enclosed control checkpoint; step 5 says if it is not what it should be. */
function sizeOfControl(bundle) {
  try {
    return parseCheckpoint(bundle.logs.get("control").checkpointBytes).size;
  } catch {
    return null;
  }
}

async function typesByLeaf(bundle, events) {
  const found = new Map();
  for (const event of events) {
    const place = placeOfLeaf(event.log, event.leafIndex);
    const schema = await schemaOf(bundle, event.schemaId).catch(() => null);
    if (!found.has(place)) found.set(place, new Set());
    if (schema) found.get(place).add(schema.name);
  }
  return found;
}

function verifyKey({ log, index, leaf, place }, types, registry, controlSize) {
  const { keyFp } = leaf.header;
  if (log === "control") {
    const held = (role) => registry.heldOffice(keyFp, role, index);
    const isOffice = held("operator") || held("root");
    if (index > 0n && !isOffice) throw notAuthorised(place, "neither operator nor root");
    return;
  }
  if (controlSize !== null && leaf.registrySize > controlSize) {
    const text = `${place}: it rests on control leaves beyond the enclosed checkpoint`;
    throw new MissingEvidenceError(text, { place });
  }
  if (isManifest(log)) {
    const isOffice = registry.heldOffice(keyFp, "operator", leaf.registrySize);
    if (!isOffice) throw notAuthorised(place, "not an operator");
    return;
  }
  verifyProducer(place, leaf, types, registry);
}

function verifyProducer(place, leaf, types, registry) {
  const id = hexOf(leaf.header.keyFp);
  const pinned = leaf.registrySize;
  if (registry.offices.has(id)) throw notAuthorised(place, "the key of an office");
  if (!registry.producers.has(id)) throw unknownKey(place, leaf.header.keyFp);
  const state = registry.stateBelow(id, pinned);
  if (!state) throw notAuthorised(place, `not authorised below control leaf ${pinned}`);
  const revoked = (registry.revocations.get(id) ?? []).find((one) => one.leaf < pinned);
  if (revoked) throw notAuthorised(place, `revoked at control leaf ${revoked.leaf}`);
  const beyond = types.find((type) => !mayWrite(state, type));
  if (beyond) throw notAuthorised(place, `${state.identity} may not write ${beyond}`);
}

function notAuthorised(place, why) {
  return new IntegrityError(`${place}: its key was not authorised: ${why}`, { place });
}

function noteSuspicion({ leaf, place }, registry, findings) {
  for (const { since } of registry.revocations.get(hexOf(leaf.header.keyFp)) ?? []) {
    if (since !== null && since <= leaf.sealedAtMs * 1000n) {
      findings.suspect(`${place}: sealed in a time in which its key counts as compromised`);
    }
  }
}
