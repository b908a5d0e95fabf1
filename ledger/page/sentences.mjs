// The answer in plain words, from the events of a bundle that was read.

/** Sentences about what the bundle shows; nothing is said that is not in an event. */
export function sentences({ about, subject, events }) {
  if (!about) return [];
  const ledger = about.ledger ?? "(not proved)";
  if (about.kind === "range") return [rangeSentence(about, ledger)];
  if (about.kind === "answer") return [`The answer to ${about.question}, from ledger ${ledger}.`];
  if (!subject) return [`Evidence of ledger ${ledger}.`];
  if (about.kind === "decision") return decisionSentences(subject, events, ledger);
  const signer = `signed by ${signerText(subject)}`;
  return [`An event ${subject.type} of ledger ${ledger}, ${signer}.`];
}

function rangeSentence({ ranges: [{ log, first, last }] }, ledger) {
  return (
    `Everything recorded in ${ledger}/${log} at positions ${first} to ${last}, complete as ` +
    "recorded. It says nothing about what was never logged."
  );
}

function decisionSentences(subject, events, ledger) {
  const { fields } = subject;
  const rows = (name) => events.filter((event) => event.row === name);
  const texts = [
    `A decision of ledger ${ledger}, signed by ${signerText(subject)}.`,
    decisionText(fields),
    modelText(rows),
    deploymentText(rows),
    ...rows("approval").map(approvalText),
    dataText(rows),
    ...rows("payload deletion").map(() => "The payload of this decision was deleted."),
  ];
  return texts.filter((text) => text !== null);
}

function signerText({ signer, kind }) {
  return kind && kind !== "unknown" ? `${signer} (${kind})` : signer;
}

function decisionText({ output, path, mode, use, id }) {
  const said = output === null ? "its output is not recorded" : `its output was “${output}”`;
  const more = [use, `path ${path}`, `mode ${mode}`].filter(Boolean).join(", ");
  return `Decision ${id}: ${said} (${more}).`;
}

function modelText(rows) {
  const [version] = rows("model version");
  const [release] = rows("release");
  if (!version && !release) return null;
  const { model, version: number } = (version ?? release).fields;
  const name = release ? `, release ${release.fields.release}` : "";
  return `It was made by model ${model}, version ${number}${name}.`;
}

function deploymentText(rows) {
  const [deployment] = rows("deployment");
  if (!deployment) return null;
  const { environment, service, role } = deployment.fields;
  return `That release answered in ${environment}${service ? `, ${service}` : ""}, as ${role}.`;
}

function approvalText({ fields, signer }) {
  const who = fields.meta?.actor ?? signer;
  return `Approval at gate ${fields.gate}: ${fields.decision}, by ${who}.`;
}

function dataText(rows) {
  const names = rows("dataset version").map(({ fields }) => fields.dataset);
  if (names.length === 0) return null;
  const [run] = rows("run");
  const by = run ? ` in run ${run.fields.run}` : "";
  return `The model was made${by} from data of ${[...new Set(names)].join(", ")}.`;
}
