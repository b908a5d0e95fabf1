// Who may sign, as the enclosed control events say: docs/format.md, section 8, step 6.

import { decodeCanonical } from "./avro.mjs";
import { concat, hexOf, isEqual } from "./bytes.mjs";
import { sha256, verifyEd25519 } from "./crypto.mjs";
import { pae, verifyHeader } from "./entry.mjs";
import { decodeEvent } from "./evidence.mjs";
import { IntegrityError, MissingEvidenceError, require } from "./errors.mjs";
import { builtIn } from "./schemas.mjs";

const STATEMENT_TYPE = "application/vnd.mlledger.statement.v1";
const STREAM_TYPES = ["mlledger.ledger.stream.*"];
const PERSON_TYPES = [
  "mlledger.registry.approval.*",
  "mlledger.oversight.review.*",
  "mlledger.governance.statement.*",
];

/** The keys a bundle proves; `offices` and `producers` go by fingerprint in hex. */
export class Registry {
  name = null;
  genesis = null;
  roots = [];
  threshold = 0;
  offices = new Map();
  producers = new Map();
  revocations = new Map();
  applied = new Set();
  opened = [];

  /** The public key with this fingerprint, or null. */
  publicKey(keyFp) {
    const id = hexOf(keyFp);
    return this.offices.get(id)?.publicKey ?? this.producers.get(id)?.publicKey ?? null;
  }

  /** Who signs with a key, in words: a registered identity and its kind, or an office. */
  signer(keyFp) {
    const id = hexOf(keyFp);
    const state = this.producers.get(id)?.states.at(-1);
    if (state) return { name: state.identity, kind: state.kind };
    return { name: this.offices.get(id)?.name ?? "unknown key", kind: null };
  }

  /** Whether a key held an office at a position: it took it before and had not left. */
  heldOffice(keyFp, role, position) {
    const terms = this.offices.get(hexOf(keyFp))?.terms ?? [];
    return terms.some(
      (term) =>
        term.role === role &&
        term.from < position &&
        (term.until === null || term.until >= position),
    );
  }

  /** The log key that genesis gives an origin, as a text, or null. */
  genesisVkey(origin) {
    const place = this.genesis?.origins.indexOf(origin) ?? -1;
    return place >= 0 ? this.genesis.log_keys[place] : null;
  }

  /** Let exactly these keys hold an office from a control leaf on. */
  async setOffice(role, publicKeys, leaf) {
    const named = new Map();
    for (const publicKey of publicKeys) named.set(hexOf(await sha256(publicKey)), publicKey);
    for (const [id, { terms }] of this.offices) {
      const open = terms.find((term) => term.role === role && term.until === null);
      if (open && !named.has(id)) open.until = leaf;
      if (open) named.delete(id);
    }
    for (const [id, publicKey] of named) {
      const known = this.offices.get(id) ?? { publicKey, name: this.nameOf(role), terms: [] };
      known.terms.push({ role, from: leaf, until: null });
      this.offices.set(id, known);
    }
  }

  /** What the next key in an office is called: operator, operator-2 and so on. */
  nameOf(role) {
    const held = [...this.offices.values()].filter(({ terms }) => terms[0].role === role);
    return held.length === 0 ? role : `${role}-${held.length + 1}`;
  }

  addState(id, publicKey, state) {
    const known = this.producers.get(id) ?? { publicKey, states: [] };
    known.states.push(state);
    this.producers.set(id, known);
  }

  /** What a producer's key may write below a control position, or null. */
  stateBelow(id, position) {
    const states = this.producers.get(id)?.states ?? [];
    return states.filter((state) => state.leaf < position).at(-1) ?? null;
  }
}

/** Fold the control events of a bundle, in the order of the log. */
export async function buildRegistry(bundle, events, ledgerId, findings) {
  const registry = new Registry();
  await findings.check(() => foundRegistry(registry, bundle, events, ledgerId));
  if (!registry.genesis) return registry;
  const control = events.filter((event) => event.log === "control" && event.leafIndex > 0n);
  control.sort((a, b) => Number(a.leafIndex - b.leafIndex) || a.index - b.index);
  for (const event of control) {
    await findings.check(() => fold(registry, bundle, event));
  }
  return registry;
}

async function foundRegistry(registry, bundle, events, ledgerId) {
  const leaf = bundle.logs.get("control")?.leaves.get(0n);
  const place = "control leaf 0";
  if (!leaf) throw new MissingEvidenceError(`${place}: absent`, { place });
  require(leaf.header, `${place}: not an accepted entry`, { place });
  const found = await sha256(leaf.header.bytes);
  if (!isEqual(found, ledgerId)) {
    const facts = { place, expected: hexOf(ledgerId), actual: hexOf(found) };
    throw new IntegrityError("the bundle is of another ledger", facts);
  }
  const event = events.find(
    (one) => one.log === "control" && one.leafIndex === 0n && one.index === 1,
  );
  if (!event) throw new MissingEvidenceError(`${place} event 1: absent`, { place });
  const { type, fields } = await decodeEvent(bundle, event);
  require(type === "ledger.root.set", `${place} event 1: not a ledger.root.set`, { place });
  require(fields.root_keys.length > 0, `${place}: no root key`, { place });
  await verifyHeader(leaf.header, leaf.signature, fields.root_keys[0], place);
  registry.genesis = fields;
  registry.name = fields.name;
  await setRoot(registry, fields, 0n);
}

async function setRoot(registry, fields, leaf) {
  registry.roots = fields.root_keys;
  registry.threshold = fields.threshold;
  await registry.setOffice("root", fields.root_keys, leaf);
  await registry.setOffice("operator", fields.operator_keys, leaf);
}

async function fold(registry, bundle, event) {
  const { type, fields } = await decodeEvent(bundle, event);
  const leaf = event.leafIndex;
  if (type === "ledger.key.authorized") {
    const { identity, kind, event_types: patterns, attests } = fields;
    const id = hexOf(await sha256(fields.public_key));
    registry.addState(id, fields.public_key, { leaf, identity, kind, patterns, attests });
  } else if (type === "ledger.key.revoked") {
    const id = hexOf(fields.key_fp);
    const revocation = { leaf, since: fields.compromised_since };
    registry.revocations.set(id, [...(registry.revocations.get(id) ?? []), revocation]);
  } else if (type === "ledger.log.opened") {
    registry.opened.push(fields.origin);
  } else if (type === "ledger.statement.endorsed") {
    await applyStatement(registry, event, fields);
  }
}

async function applyStatement(registry, event, endorsed) {
  const schema = await builtIn(hexOf(endorsed.statement_schema));
  require(schema, `${event.place}: an endorsed statement of no known type`);
  const statement = decodeCanonical(schema.bytes, endorsed.statement);
  const identity = hexOf(await sha256(concat(endorsed.statement_schema, endorsed.statement)));
  require(!registry.applied.has(identity), `${event.place}: this took effect before`);
  registry.applied.add(identity);
  if (schema.name === "ledger.root.set") {
    await requireEndorsed(event, endorsed, registry.roots, registry.threshold);
    await requireEndorsed(event, endorsed, statement.root_keys, statement.threshold);
    const isSame = statement.name === registry.name;
    require(isSame, `${event.place}: a root of another ledger`);
    await setRoot(registry, statement, event.leafIndex);
  } else if (schema.name === "ledger.key.rotated") {
    await rotate(registry, event, endorsed, statement);
  }
}

async function rotate(registry, event, endorsed, { old_key_fp: oldFp, public_key: newKey }) {
  const old = registry.producers.get(hexOf(oldFp));
  if (!old) {
    const text = `${event.place}: the key before the rotated one is not enclosed`;
    throw new MissingEvidenceError(text, { place: event.place });
  }
  await requireEndorsed(event, endorsed, [old.publicKey, newKey], 2);
  const state = registry.stateBelow(hexOf(oldFp), event.leafIndex);
  require(state, `${event.place}: the old key was not authorised before`);
  const id = hexOf(await sha256(newKey));
  registry.addState(id, newKey, { ...state, leaf: event.leafIndex });
}

/** At least `threshold` of these keys must have signed; one that fails is refused. */
async function requireEndorsed(event, endorsed, keys, threshold) {
  const message = pae(STATEMENT_TYPE, concat(endorsed.statement_schema, endorsed.statement));
  const signed = new Set();
  for (const key of keys) {
    const id = hexOf(await sha256(key));
    for (const { key_fp: keyFp, sig } of endorsed.endorsements) {
      if (hexOf(keyFp) !== id) continue;
      await verifyEd25519(key, sig, message, event.place);
      signed.add(id);
    }
  }
  if (threshold < 1 || signed.size < threshold) {
    const text = `${event.place}: endorsed by ${signed.size}, not by ${threshold}`;
    throw new IntegrityError(text, { place: event.place });
  }
}

/** Whether a pattern such as `mlledger.prediction.*` covers a type. */
export function covers(pattern, type) {
  const full = `mlledger.${type}`;
  return pattern.endsWith(".*") ? full.startsWith(pattern.slice(0, -1)) : full === pattern;
}

/** Whether a producer's key in this state may write a type into an event log. */
export function mayWrite({ patterns, kind, attests }, type) {
  const isAny = (list) => list.some((pattern) => covers(pattern, type));
  if (type.startsWith("ledger.")) return isAny(STREAM_TYPES);
  if (isAny(PERSON_TYPES) && kind !== "person" && !attests) return false;
  return isAny(patterns);
}
