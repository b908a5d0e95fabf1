// The page: takes what is given, verifies, shows the answer.

import { hexOf, utf8 } from "./bytes.mjs";
import { ROW_NAMES } from "./chain.mjs";
import { MAX_BUNDLE } from "./container.mjs";
import { sha256 } from "./crypto.mjs";
import { EvidenceError } from "./errors.mjs";
import { sentences } from "./sentences.mjs";
import { verify } from "./verify.mjs";

const MARKS = { verified: "✔", failed: "✖", not_checked: "?" };
const STEP_WORDS = { verified: "verified", failed: "failed", not_checked: "not checked" };
const BANNERS = {
  0: ["✔", "is-valid"],
  5: ["✖", "is-failed"],
  6: ["?", "is-unchecked"],
  13: ["!", "is-suspect"],
};
const SHOWN_EVENTS = 200;

/** Connect the form of the page. */
export function startPage(document) {
  const find = (id) => document.getElementById(id);
  const given = { bundle: null, roots: null };
  watchBundle(document, given);
  find("policy-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) find("policy").value = await file.text();
  });
  find("roots-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    given.roots = file ? new Uint8Array(await file.arrayBuffer()) : null;
  });
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    run(document, given);
  });
}

function watchBundle(document, given) {
  const drop = document.getElementById("drop");
  const input = document.getElementById("bundle");
  const take = (file) => {
    if (!file) return;
    given.bundle = file;
    drop.classList.add("is-set");
    const size = new Intl.NumberFormat("en").format(file.size);
    document.getElementById("bundle-said").textContent = `${file.name}, ${size} bytes`;
  };
  input.addEventListener("change", () => take(input.files[0]));
  // Anywhere on the page, so that a missed drop does not open the file instead.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("is-over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    take(event.dataTransfer.files[0]);
  });
}

async function run(document, given) {
  const button = document.getElementById("verify");
  const said = (text, isWrong = false) => say(document, text, isWrong);
  const lacking = whatLacks(document, given);
  if (lacking) {
    said(lacking, true);
    return;
  }
  button.disabled = true;
  try {
    showResult(document, await verifyGiven(document, given, said));
    said("");
  } catch (error) {
    const known = error instanceof EvidenceError;
    said(known ? `Not verified: ${error.message}` : `This page has a defect: ${error}`, true);
    document.getElementById("result").hidden = true;
  } finally {
    button.disabled = false;
  }
}

function say(document, text, isWrong) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.classList.toggle("is-wrong", isWrong);
}

function whatLacks(document, given) {
  const value = (id) => document.getElementById(id).value.trim();
  if (!given.bundle) return "Choose a bundle first.";
  if (given.bundle.size > MAX_BUNDLE) return "This file is larger than any bundle may be.";
  if (value("policy") === "") return "Give a policy: choose its file, or paste it.";
  if (!/^[0-9a-f]{64}$/.test(ledgerId(document))) return "The ledger id has 64 hexadecimal digits.";
  if (!/^([0-9]{1,12})?$/.test(value("age"))) return "The largest age is a number of seconds.";
  return null;
}

async function verifyGiven(document, given, said) {
  const value = (id) => document.getElementById(id).value.trim();
  const bytes = new Uint8Array(await given.bundle.arrayBuffer());
  const policy = document.getElementById("policy").value;
  const options = {
    roots: given.roots,
    maxAgeS: value("age") === "" ? null : Number(value("age")),
    progress: async (number, name) => {
      said(`Step ${number}: ${name} …`);
      await new Promise((resume) => setTimeout(resume)); // lets the browser paint
    },
  };
  const whole = policy.endsWith("\n") || policy === "" ? policy : `${policy}\n`;
  const result = await verify(bytes, whole, ledgerId(document), options);
  result.given = {
    bundle: `${given.bundle.name}, ${bytes.length} bytes`,
    "SHA-256 of it": hexOf(await sha256(bytes)),
    "ledger id": ledgerId(document),
    "SHA-256 of the policy": hexOf(await sha256(utf8(whole))),
    "checked at": `${new Date().toISOString()}, by this machine's clock`,
  };
  return result;
}

/** The ledger id as it was pasted, without the white space that pasting adds. */
function ledgerId(document) {
  return document.getElementById("ledger").value.replace(/\s/g, "").toLowerCase();
}

function showResult(document, result) {
  const place = document.getElementById("result");
  const make = maker(document);
  const parts = [
    banner(make, result),
    ...(isValid(result) ? answer(make, result) : []),
    make("h3", {}, "Steps"),
    steps(make, result.steps),
    make("h3", {}, "What was checked"),
    given(make, result.given),
    ...(isValid(result) ? events(make, result) : unproved(make, result)),
    printButton(make, document),
  ];
  place.replaceChildren(...parts);
  place.hidden = false;
  place.focus();
  place.scrollIntoView({ block: "start" });
}

/** Returns a function that makes an element; texts are never read as markup. */
function maker(document) {
  return (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  };
}

function banner(make, { exit, verdict }) {
  const [mark, look] = BANNERS[exit];
  return make(
    "p",
    { class: `banner ${look}`, id: "verdict" },
    make("span", { "aria-hidden": "true" }, mark),
    make("span", {}, verdict[0].toUpperCase() + verdict.slice(1)),
    make("small", {}, `exit code ${exit}`),
  );
}

function isValid({ exit }) {
  return exit === 0 || exit === 13;
}

/** The answer in plain words, and its three times. */
function answer(make, result) {
  const texts = sentences(result).map((text) => make("p", {}, text));
  const answered = make("div", { class: "answer" }, ...texts);
  return result.subject ? [answered, times(make, result.subject.times)] : [answered];
}

function events(make, result) {
  if (result.events.length === 0) return [];
  return [make("h3", {}, "Evidence"), evidence(make, result)];
}

/** What a bundle says that did not verify stands folded away, under its own warning. */
function unproved(make, result) {
  if (result.events.length === 0) return [];
  const title = make("summary", {}, "What the bundle says of itself, which was not proved");
  const parts = [title, ...answer(make, result), ...events(make, result)];
  return [make("details", { class: "unproved" }, ...parts)];
}

function times(make, { claimed, sealed, attested, attestedBy, witnessed }) {
  const one = (name, value, note) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value, make("small", {}, note)));
  const by = attestedBy ? `by ${attestedBy}` : "by a time-stamping authority";
  const seen = witnessed ? `witnesses had signed by ${witnessed}` : "by the ledger's own clock";
  return make(
    "dl",
    { class: "times" },
    one("Claimed", claimed, "by the producer's clock"),
    one("Sealed", sealed, seen),
    one("Attested, not later than", attested, by),
  );
}

function given(make, facts) {
  const parts = Object.entries(facts).flatMap(([name, text]) => [
    make("dt", {}, name),
    make("dd", { class: "mono" }, text),
  ]);
  return make("dl", { class: "facts" }, ...parts);
}

function steps(make, list) {
  return make(
    "ol",
    { class: "steps" },
    ...list.map((step) =>
      make(
        "li",
        { class: step.status },
        make("span", { class: "mark", "aria-hidden": "true" }, MARKS[step.status]),
        make(
          "span",
          { class: "name" },
          `${step.number} ${step.name}`,
          make("span", { class: "word" }, STEP_WORDS[step.status]),
        ),
        make("span", { class: "detail" }, step.detail, stepFacts(make, step)),
      ),
    ),
  );
}

function stepFacts(make, { place, expected, actual, code, status }) {
  if (status === "verified") return null;
  const facts = Object.entries({ place, expected, actual, code }).filter(([, text]) => text);
  const parts = facts.flatMap(([name, text]) => [
    make("dt", {}, name),
    make("dd", { class: "mono" }, text),
  ]);
  return make("dl", { class: "facts" }, ...parts);
}

function evidence(make, { events, eventCount }) {
  const order = (event) => ROW_NAMES.indexOf(event.row ?? event.log.split("/")[0]);
  const sorted = [...events].sort((left, right) => order(left) - order(right));
  const shown = sorted.slice(0, SHOWN_EVENTS).map((event) => eventDetails(make, event));
  const more = eventCount - shown.length;
  const rest = more > 0 ? make("p", { class: "hint" }, `and ${more} more events`) : null;
  return make("div", { class: "events" }, ...shown, rest);
}

function eventDetails(make, event) {
  const text = JSON.stringify(event.fields, null, 1);
  return make(
    "details",
    {},
    make(
      "summary",
      {},
      make("span", { class: "row" }, event.row ?? event.log),
      make("span", {}, `${event.type}, signed by ${event.signer}`),
      make("span", { class: "at" }, event.place),
    ),
    make(
      "dl",
      { class: "facts" },
      ...["claimed", "sealed", "attested"].flatMap((name) => [
        make("dt", {}, name),
        make("dd", {}, event.times[name]),
      ]),
    ),
    make("pre", { tabindex: "0" }, text),
  );
}

function printButton(make, document) {
  const button = make("button", { type: "button", class: "plain no-print" }, "Print this answer");
  button.addEventListener("click", () => document.defaultView.print());
  return make("p", { class: "no-print" }, button);
}
