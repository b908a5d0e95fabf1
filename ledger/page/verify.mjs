// The verification of a bundle, step by step: docs/format.md, "Bundle verification".

import { bytesOfHex } from "./bytes.mjs";
import { readContainer } from "./container.mjs";
import { requireEd25519 } from "./crypto.mjs";
import { UnableError, require } from "./errors.mjs";
import {
  checkSchemasUsed,
  checkUndescribed,
  decodeEvents,
  gatherEvents,
  verifyEvents,
  verifyLeaves,
} from "./evidence.mjs";
import { WORDS, exitCode, restingStep, takeStep } from "./findings.mjs";
import { verifyKeys, verifySignatures } from "./keysteps.mjs";
import { readLayout } from "./layout.mjs";
import { ACCEPTED } from "./leaf.mjs";
import { parsePolicy } from "./policy.mjs";
import { buildRegistry } from "./registry.mjs";
import { verifySubject } from "./subject.mjs";
import { summary } from "./summary.mjs";
import { verifyCheckpoints, verifyTime } from "./trust.mjs";

const NAMES = [
  "container",
  "events",
  "signatures",
  "leaves",
  "checkpoints",
  "keys",
  "time",
  "content",
  "what it is about",
];

/**
 * Verify a bundle.
 *
 * @param bundleBytes Uint8Array of the file.
 * @param policyText text or bytes of a C2SP tlog-policy.
 * @param ledgerIdHex 64 hex digits, from elsewhere than the bundle.
 * @param options `nowS` seconds since 1970 (default: this machine's clock), `maxAgeS`
 *   largest age in seconds, `roots` PEM text of time-stamping roots, `progress` called
 *   with the number of each step that begins.
 * @returns `{ exit, verdict, steps, about, times, events }`.
 */
export async function verify(bundleBytes, policyText, ledgerIdHex, options = {}) {
  const steps = [];
  try {
    await requireEd25519();
  } catch (error) {
    if (!(error instanceof UnableError)) throw error;
    return unable(error);
  }
  const outside = await readOutside(policyText, ledgerIdHex, options);
  const state = { bundle: null, events: [], registry: null };
  const progress = options.progress ?? (async () => {});
  for (const [number, rests, work] of PLAN) {
    const name = nameOf(number, state);
    const broken = brokenBelow(steps, rests, state);
    state.isKnown = !steps.some((step) => step.status !== "verified" && KNOWN.includes(step.number));
    await progress(number, name);
    const take = (findings) => work(state, outside, findings, bundleBytes);
    const step = broken
      ? restingStep(number, name, broken)
      : await takeStep(number, name, take);
    steps.push(number === NAMES.length ? concluding(step, steps) : step);
  }
  steps.sort((left, right) => left.number - right.number);
  const exit = exitCode(steps);
  return { exit, verdict: WORDS[exit], steps, ...summary(state) };
}

/** The last step is called after the kind of the bundle. */
function nameOf(number, { bundle }) {
  return number === NAMES.length && bundle ? bundle.about.kind : NAMES[number - 1];
}

/** What a bundle is about holds only if all else does; a contradiction stands anyway. */
function concluding(step, steps) {
  const open = steps.find((one) => one.status !== "verified");
  const rests = step.status === "verified" && open;
  return rests ? restingStep(step.number, step.name, open.number) : step;
}

/** The number of a step that did not hold and on which this one rests, or null. */
function brokenBelow(steps, rests, state) {
  const open = steps.filter((step) => step.status !== "verified");
  const broken = open.find((step) => rests.includes(step.number));
  const isUnread = steps.length > 0 && !state.bundle;
  const isPartial = steps.length === NAMES.length - 1 && state.bundle?.isPartial;
  return broken?.number ?? (isUnread || isPartial ? 1 : null);
}

/**
 * Each step: its number, the steps without which it means nothing, and its work. What
 * can be checked is checked, so that a missing witness does not hide a contradiction.
 * Keys come first, as signatures ask for them.
 */
const PLAN = [
  [1, [], openBundle],
  [2, [], checkEvents],
  [6, [], foldKeys],
  [3, [], (state, _, findings) => verifySignatures(state.bundle, state.registry, findings)],
  [4, [], checkLeaves],
  [5, [], (state, outside, findings) =>
    verifyCheckpoints(state.bundle, state.registry, outside, findings)],
  [7, [], (state, outside, findings) =>
    verifyTime(state.bundle, state.events, outside, findings)],
  [8, [], checkContent],
  [9, [2, 8], (state, _, findings) =>
    verifySubject(state, findings)],
];
/** Steps without which nobody knows who said what. */
const KNOWN = [1, 2, 3, 4, 6];

/** What is given from outside; a wrong policy or id is the caller's mistake. */
async function readOutside(policyText, ledgerIdHex, options) {
  const ledgerId = bytesOfHex(ledgerIdHex.trim(), "ledger id");
  require(ledgerId.length === 32, "the ledger id has 64 hex digits");
  return {
    policy: await parsePolicy(policyText),
    ledgerId,
    nowS: BigInt(options.nowS ?? Math.floor(Date.now() / 1000)),
    maxAgeS: options.maxAgeS == null ? null : BigInt(options.maxAgeS),
    roots: options.roots || null,
  };
}

async function openBundle(state, _, findings, bytes) {
  const files = readContainer(bytes);
  const bundle = await readLayout(files, findings);
  if (findings.hasFailed) return null;
  state.events = await gatherEvents(bundle);
  if (!bundle.about) {
    await checkUndescribed(bundle, findings);
    return null;
  }
  if (!bundle.isPartial && !bundle.isLacking) {
    await findings.check(() => checkSchemasUsed(bundle, state.events));
  }
  if (findings.hasFailed) return null;
  state.bundle = bundle;
  const logs = [...bundle.logs.keys()].join(", ");
  return `a canonical bundle of kind ${bundle.about.kind}; logs ${logs}`;
}

async function checkEvents(state, _, findings) {
  await verifyEvents(state.bundle, findings);
  const records = [...state.bundle.logs.values()].reduce((sum, one) => sum + one.records.size, 0);
  const whole = records > 0 ? `, ${records} records as sealed` : "";
  return `${state.events.length} events under their signed roots${whole}`;
}

async function checkLeaves(state, _, findings) {
  await verifyLeaves(state.bundle, findings);
  const leaves = [...state.bundle.logs.values()].flatMap((one) => [...one.leaves.values()]);
  const accepted = leaves.filter((leaf) => leaf.verdict === ACCEPTED);
  return `${leaves.length} seal leaves, ${accepted.length} of them ACCEPTED`;
}

async function foldKeys(state, outside, findings) {
  const { bundle, events } = state;
  state.registry = await buildRegistry(bundle, events, outside.ledgerId, findings);
  return verifyKeys(bundle, events, state.registry, findings);
}

async function checkContent(state, _, findings) {
  const unread = await decodeEvents(state.bundle, state.events, findings);
  const read = `${state.events.length - unread} events read by their schemas`;
  return unread > 0 ? `${read}, ${unread} bodies do not decode` : read;
}

function unable(error) {
  const steps = [
    {
      number: 0,
      name: "browser",
      status: "not_checked",
      detail: error.message,
      place: null,
      expected: null,
      actual: null,
      code: error.code,
    },
  ];
  const verdict = `could not check: ${error.message}`;
  return { exit: 6, verdict, steps, about: null, subject: null, events: [], eventCount: 0 };
}
