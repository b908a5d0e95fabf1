// Times of sealing, held to those of the control log: docs/format.md, section 7.

import { IntegrityError } from "./errors.mjs";

const MAX_SKEW_MS = 60_000n;

/** What a leaf rests on was sealed before it, and what it did not see was not. */
export async function verifyControlClocks({ log, leaves }, control, { placeOfLeaf, findings }) {
  const known = [...(control?.leaves ?? [])];
  for (const [index, leaf] of leaves) {
    const place = placeOfLeaf(log, index);
    const pinned = known.findLast(([number]) => number < leaf.registrySize);
    const unseen = known.find(([number]) => number >= leaf.registrySize);
    await findings.check(() => verifyNotEarlier(leaf, pinned?.[1], place));
    await findings.check(() => verifyFresh(leaf, unseen?.[1], place));
  }
}

function verifyNotEarlier({ sealedAtMs }, pinned, place) {
  if (!pinned || sealedAtMs + MAX_SKEW_MS >= pinned.sealedAtMs) return;
  throw new IntegrityError(`${place}: sealed before the control log it rests on`, {
    place,
    expected: `${pinned.sealedAtMs - MAX_SKEW_MS} ms or later`,
    actual: `${sealedAtMs} ms`,
  });
}

function verifyFresh({ sealedAtMs }, unseen, place) {
  if (!unseen || unseen.sealedAtMs > sealedAtMs - MAX_SKEW_MS) return;
  throw new IntegrityError(`${place}: it rests on an old control log`, {
    place,
    expected: `sealed before ${unseen.sealedAtMs + MAX_SKEW_MS} ms`,
    actual: `${sealedAtMs} ms`,
  });
}
