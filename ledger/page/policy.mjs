// C2SP tlog-policy files and their quorum: docs/format.md, section 11.

import { hexOf } from "./bytes.mjs";
import { isLowOrder } from "./crypto.mjs";
import { require } from "./errors.mjs";
import { LOG_KEY, WITNESS_KEY, parseVkey } from "./note.mjs";

const NO_QUORUM = "none";
const MAX_TEXT = 1_048_576;
const MAX_LOGS = 4096;
const MAX_OTHERS = 256;
const LINES = { log: addLog, witness: addWitness, group: addGroup, quorum: setQuorum };
const CONTROL_CHARACTER = /[\x00-\x08\x0b-\x1f\x7f]/;

/**
 * Parse a policy.
 * @returns {{logs, witnesses, groups, quorum}} logs and witnesses in the file's order.
 */
export async function parsePolicy(given) {
  // Comments need not be UTF-8; a name that is not is refused where it is defined.
  const text = typeof given === "string" ? given : new TextDecoder().decode(given);
  require(text.length <= MAX_TEXT, `policy: more than ${MAX_TEXT} characters`);
  require(!CONTROL_CHARACTER.test(text), "policy: it holds a control character");
  require(text === "" || text.endsWith("\n"), "policy: the last line does not end");
  const policy = { logs: [], witnesses: [], groups: new Map(), quorum: null };
  for (const [number, line] of text.split("\n").entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0].startsWith("#")) continue;
    const what = `policy line ${number + 1}`;
    require(Object.hasOwn(LINES, words[0]), `${what}: no such line: ${words[0]}`);
    await LINES[words[0]](policy, words.slice(1), what);
  }
  const isBare = policy.witnesses.length === 0 && policy.groups.size === 0;
  require(policy.quorum !== null || isBare, "policy: witnesses, but no quorum line");
  return { ...policy, quorum: policy.quorum ?? NO_QUORUM };
}

async function addLog(policy, words, what) {
  require(words.length === 1 || words.length === 2, `${what}: log <vkey> [<url>]`);
  const vkey = await parseVkey(words[0]);
  require(vkey.type === LOG_KEY, `${what}: not the key of a log`);
  refuseUnusable(policy.logs, vkey, what);
  require(policy.logs.length < MAX_LOGS, `${what}: more than ${MAX_LOGS} logs`);
  policy.logs.push(vkey);
}

async function addWitness(policy, words, what) {
  const fits = words.length === 2 || words.length === 3;
  require(fits, `${what}: witness <name> <vkey> [<url>]`);
  const [name, vkeyText] = words;
  requireNew(policy, name, what);
  const vkey = await parseVkey(vkeyText);
  require(vkey.type === WITNESS_KEY, `${what}: not the key of a witness`);
  const known = policy.witnesses.map((witness) => witness.vkey);
  refuseUnusable(known, vkey, what);
  require(known.length < MAX_OTHERS, `${what}: more than ${MAX_OTHERS} witnesses`);
  policy.witnesses.push({ name, vkey });
}

function addGroup(policy, words, what) {
  const [name, threshold, ...members] = words;
  require(members.length > 0, `${what}: group <name> <threshold> <member>...`);
  const isRoom = policy.groups.size < MAX_OTHERS;
  require(isRoom, `${what}: more than ${MAX_OTHERS} groups`);
  requireNew(policy, name, what);
  for (const member of members) requireKnown(policy, member, what);
  require(new Set(members).size === members.length, `${what}: a member stands twice`);
  const used = new Set([...policy.groups.values()].flatMap((group) => group.members));
  const free = members.every((member) => !used.has(member));
  require(free, `${what}: a member is in another group already`);
  policy.groups.set(name, { needed: thresholdOf(threshold, members.length, what), members });
}

function thresholdOf(text, count, what) {
  if (text === "any") return 1;
  if (text === "all") return count;
  const needed = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0;
  require(needed >= 1 && needed <= count, `${what}: no threshold ${text} of ${count}`);
  return needed;
}

function setQuorum(policy, words, what) {
  require(words.length === 1, `${what}: quorum <name>`);
  require(policy.quorum === null, `${what}: a second quorum`);
  if (words[0] !== NO_QUORUM) requireKnown(policy, words[0], what);
  policy.quorum = words[0];
}

function isKnown(policy, name) {
  return policy.groups.has(name) || policy.witnesses.some((one) => one.name === name);
}

function requireKnown(policy, name, what) {
  require(isKnown(policy, name), `${what}: ${name} has not been defined before`);
}

function requireNew(policy, name, what) {
  require(name !== NO_QUORUM && !isKnown(policy, name), `${what}: ${name} is taken`);
  require(!name.includes("\ufffd"), `${what}: a name that is not UTF-8`);
}

function refuseUnusable(vkeys, vkey, what) {
  require(!isLowOrder(vkey.publicKey), `${what}: the key is of low order`);
  const key = hexOf(vkey.publicKey);
  const isNew = vkeys.every((known) => hexOf(known.publicKey) !== key);
  require(isNew, `${what}: this key stands there twice`);
}

/** Whether witnesses with these names are enough for the quorum. */
export function isSatisfied(policy, signed) {
  return policy.quorum === NO_QUORUM || hasWitnessed(policy, policy.quorum, signed);
}

function hasWitnessed(policy, name, signed) {
  const group = policy.groups.get(name);
  if (!group) return signed.has(name);
  const met = group.members.filter((member) => hasWitnessed(policy, member, signed));
  return met.length >= group.needed;
}

/**
 * The smallest time in seconds by which a quorum had signed, or null.
 * @param cosignatures array of { name, time }.
 */
export function attestedSeconds(policy, cosignatures) {
  return timeOfQuorum(policy, [...cosignatures].sort(byTime));
}

/** The largest time in seconds since which a quorum has signed, or null. */
export function freshSeconds(policy, cosignatures) {
  return timeOfQuorum(policy, [...cosignatures].sort(byTime).reverse());
}

function timeOfQuorum(policy, cosignatures) {
  if (policy.quorum === NO_QUORUM) return null;
  const signed = new Set();
  for (const { name, time } of cosignatures) {
    signed.add(name);
    if (isSatisfied(policy, signed)) return time;
  }
  return null;
}

function byTime(left, right) {
  return left.time < right.time ? -1 : Number(left.time > right.time);
}
