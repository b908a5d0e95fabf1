// What a check can end with, other than holding: docs/format.md, opening table.

/** Something about the evidence; `place`, `expected` and `actual` are texts or null. */
export class EvidenceError extends Error {
  constructor(message, { place = null, expected = null, actual = null } = {}) {
    super(message);
    this.place = place;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Bytes do not parse as what they should be: exit code 5. */
export class MalformedError extends EvidenceError {
  code = "LDG-V001";
  status = "failed";
}

/** The evidence contradicts itself: exit code 5. */
export class IntegrityError extends EvidenceError {
  code = "LDG-V002";
  status = "failed";
}

/** A computed hash differs from the one that was committed to: exit code 5. */
export class RootMismatchError extends IntegrityError {
  code = "LDG-V003";
}

/** A signature does not verify under the key it names: exit code 5. */
export class SignatureError extends IntegrityError {
  code = "LDG-V004";
}

/** Something that the check needs is absent: exit code 6. */
export class MissingEvidenceError extends EvidenceError {
  code = "LDG-V005";
  status = "not_checked";
}

/** This browser lacks an algorithm: exit code 6, never a finding about the evidence. */
export class UnableError extends MissingEvidenceError {
  code = "LDG-V006";
}

/** Refuse bytes unless a condition holds. */
export function require(condition, otherwise, facts = {}) {
  if (!condition) throw new MalformedError(otherwise, facts);
}
