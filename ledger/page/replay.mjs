// Questions asked anew of enclosed entries. docs/format.md, "Bundle verification", 9.

import { MissingEvidenceError } from "./errors.mjs";

/** This page cannot replay questions: the answer's rows are not checked. */
export function replayAnswer({ about }) {
  throw new MissingEvidenceError(
    `${about.question}: this page cannot ask the question anew; use mlledger verify bundle`,
    { place: "answer.json" },
  );
}
