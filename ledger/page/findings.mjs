// Steps, and the verdict they come to: docs/format.md, opening table.

import { EvidenceError } from "./errors.mjs";

export const WORDS = {
  0: "valid",
  5: "verification failed: the evidence contradicts itself",
  6: "could not check: something is missing",
  13: "valid, in a suspect window",
};
const VERIFIED = "LDG-V000";
const SUSPECT = "LDG-V013";

/** Gathers what one step finds; the first contradiction outweighs what is missing. */
export class Findings {
  errors = [];
  suspicion = null;

  /** Run one check; a finding is kept, a defect of this page is thrown on. */
  async check(run) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      this.errors.push(error);
      return null;
    }
  }

  suspect(detail) {
    this.suspicion ??= detail;
  }

  get hasFailed() {
    return this.errors.some((error) => error.status === "failed");
  }

  get worst() {
    const failed = this.errors.find((error) => error.status === "failed");
    return failed ?? this.errors[0] ?? null;
  }
}

/** Run a step; `work(findings)` returns the detail of a step that holds. */
export async function takeStep(number, name, work) {
  const findings = new Findings();
  const detail = await findings.check(() => work(findings));
  const { worst } = findings;
  if (worst) return stepOf(number, name, worst, findings.errors.length - 1);
  const held = { number, name, status: "verified", place: null, expected: null, actual: null };
  if (findings.suspicion) return { ...held, detail: findings.suspicion, code: SUSPECT };
  return { ...held, detail: detail ?? "", code: VERIFIED };
}

/** The step of a check that cannot be made, for it rests on one that failed. */
export function restingStep(number, name, on) {
  return {
    number,
    name,
    status: "not_checked",
    detail: `rests on step ${on}`,
    place: null,
    expected: null,
    actual: null,
    code: "LDG-V005",
  };
}

function stepOf(number, name, error, others) {
  const more = others > 0 ? ` (and ${others} more)` : "";
  return {
    number,
    name,
    status: error.status,
    detail: error.message + more,
    place: error.place,
    expected: error.expected,
    actual: error.actual,
    code: error.code,
  };
}

/** 0 valid, 5 contradiction, 6 could not check, 13 valid in a suspect window. */
export function exitCode(steps) {
  const statuses = new Set(steps.map((step) => step.status));
  if (statuses.has("failed")) return 5;
  if (statuses.has("not_checked")) return 6;
  return steps.some((step) => step.code === SUSPECT) ? 13 : 0;
}
