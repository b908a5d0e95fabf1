// Step 9: what the bundle is about. docs/format.md, "Bundle verification".

import { hexOf, isEqual } from "./bytes.mjs";
import { verifyLinks, verifyReferences } from "./chain.mjs";
import { sha256 } from "./crypto.mjs";
import { OPEN } from "./entry.mjs";
import { IntegrityError, MissingEvidenceError, require } from "./errors.mjs";
import { replayAnswer } from "./replay.mjs";

/** Control events by which keys are proved: docs/format.md, "Keys". */
const KEY_TYPES = new Set([
  "ledger.root.set",
  "ledger.key.authorized",
  "ledger.key.revoked",
  "ledger.statement.endorsed",
  "ledger.log.opened",
  "ledger.log.closed",
]);

/** Step 9. Returns what is said of a bundle that holds. */
export async function verifySubject(state, findings) {
  const { bundle, events } = state;
  const { about } = bundle;
  const decoded = events.filter((event) => event.fields);
  await verifyReferences(decoded, findings);
  await findings.check(() => refuseStrays(about, decoded));
  if (about.kind === "range") return rangeText(about);
  if (about.kind === "answer") return verifyAnswer(state);
  const outer = decoded.filter((event) => !isOfLedger(event.log));
  const subject = subjectOf(about, decoded);
  await findings.check(() => requireOpenings(bundle, events, about));
  if (about.kind === "decision") return verifyDecision(bundle, subject, outer, findings);
  await findings.check(() => refuseOthers(subject, outer));
  if (about.kind === "report") await findings.check(() => verifyReport(bundle, subject));
  return `${subject.type}, ${subject.place}`;
}

/** What control and manifest show beside whole records: keys, the cut, the subject. */
function refuseStrays(about, events) {
  const subject = events.find((event) => isAt(event, about.subject));
  for (const event of events) {
    if (!event.isShown || !isOfLedger(event.log)) continue;
    const isKey = event.log === "control" && KEY_TYPES.has(event.type);
    const isOwn = isAt(event, about.manifest) || event === subject;
    if (isKey || isOwn || (subject && opensStreamOf(event, subject))) continue;
    const { place } = event;
    throw new IntegrityError(`${place}: nothing asks for this event`, { place });
  }
}

function isAt(event, place) {
  const isThere = place && event.log === place.log && event.leafIndex === place.leaf;
  return Boolean(isThere) && BigInt(event.index) === place.index;
}

function isOfLedger(log) {
  return ["control", "manifest"].includes(log.split("/")[0]);
}

function subjectOf({ subject }, events) {
  const found = events.find((event) => isAt(event, subject));
  if (found) return found;
  throw new MissingEvidenceError("the event it is about is not enclosed");
}

/** For each event of a producer, the entry that opened its stream must be there. */
function requireOpenings({ logs, about }, events) {
  const ranges = new Set(about.ranges.map((range) => range.log));
  for (const event of events) {
    if (isOfLedger(event.log) || ranges.has(event.log) || !event.leaf.header) continue;
    const { header } = event.leaf;
    const opening = [...logs.get(event.log).leaves.values()].find(
      (leaf) =>
        leaf.header?.kind === OPEN &&
        isEqual(leaf.header.streamId, header.streamId) &&
        isEqual(leaf.header.keyFp, header.keyFp),
    );
    if (!opening) {
      const { place } = event;
      throw new MissingEvidenceError(`${place}: the opening of its stream is absent`, { place });
    }
  }
}

/** An event bundle discloses its event and the opening of its stream, no more. */
function refuseOthers(subject, outer) {
  const stray = outer.find((event) => event !== subject && !opensStreamOf(event, subject));
  if (stray) {
    const { place } = stray;
    throw new IntegrityError(`${place}: the bundle is not about this event`, { place });
  }
}

function opensStreamOf(event, subject) {
  const [own, other] = [event.leaf.header, subject.leaf.header];
  const isOpening = event.type === "ledger.stream.opened" && event.log === subject.log;
  return isOpening && isEqual(own.streamId, other.streamId) && isEqual(own.keyFp, other.keyFp);
}

async function verifyReport({ files }, subject) {
  require(subject.type === "governance.report.issued", `${subject.place}: not a report`);
  if (!files.has("report")) throw new MissingEvidenceError("report: absent", { place: "report" });
  const digest = `sha256:${hexOf(await sha256(files.get("report")))}`;
  if (digest === subject.fields.digest) return;
  throw new IntegrityError("report: not the one that was issued", {
    place: "report",
    expected: subject.fields.digest,
    actual: digest,
  });
}

async function verifyDecision(bundle, subject, outer, findings) {
  const isDecision = subject.type === "prediction.decision.recorded";
  require(isDecision, `${subject.place}: not a decision`);
  const rowOf = await verifyLinks(subject, outer, findings);
  await findings.check(() => refuseStrangeOpenings(outer));
  for (const event of outer) event.row = rowOf.get(event.place) ?? "stream";
  return `decision and ${rowOf.size - 1} events that it rests on`;
}

/** An opened-event must open the stream of some other enclosed event. */
function refuseStrangeOpenings(outer) {
  for (const event of outer) {
    if (event.type !== "ledger.stream.opened") continue;
    const opens = outer.some((other) => other !== event && opensStreamOf(event, other));
    if (!opens) {
      const { place } = event;
      throw new IntegrityError(`${place}: it opens the stream of no enclosed event`, { place });
    }
  }
}

function rangeText({ ranges }) {
  const [{ log, first, last }] = ranges;
  return (
    `${log}: complete as recorded, positions ${first}–${last}; ` +
    "says nothing about what was never logged"
  );
}

function verifyAnswer({ bundle, events, registry, isKnown }) {
  if (!registry.genesis) throw new MissingEvidenceError("genesis is not proved");
  for (const log of logsToRead(bundle.about, registry)) {
    requireRead(log, bundle, events, registry);
  }
  for (const { log, first, last } of bundle.about.ranges) {
    const size = bundle.logs.get(log)?.checkpoint?.size;
    if (size === undefined) throw new MissingEvidenceError(`${log}: absent`, { place: log });
    const isWhole = first === 0n && last + 1n === size;
    require(isWhole, `${log}: the answer does not rest on the whole log`, { place: log });
  }
  if (isKnown) return replayAnswer(bundle, events, registry);
  throw new MissingEvidenceError(`${bundle.about.question}: an earlier step did not hold`);
}

/** The logs that a question reads: all, or all that hold events of producers. */
function logsToRead({ question }, registry) {
  const origins = [...registry.genesis.origins, ...registry.opened];
  const logs = origins.map((origin) => origin.slice(registry.name.length + 1));
  return question === "integrity_of_range" ? logs : logs.filter((log) => !isOfLedger(log));
}

/** A log that is read and not enclosed must have been empty at the manifest's moment. */
function requireRead(log, { about }, events, registry) {
  if (about.ranges.some((range) => range.log === log)) return;
  const cut = events.find((event) => isAt(event, about.manifest));
  if (!cut) throw new MissingEvidenceError(`${log}: not enclosed`, { place: log });
  const origin = `${registry.name}/${log}`;
  const listed = cut.fields.checkpoints.find((one) => one.origin === origin);
  if (listed && listed.size > 0n) {
    throw new IntegrityError(`${log}: the question reads it, and it is not enclosed`, {
      place: log,
    });
  }
}
