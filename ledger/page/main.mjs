// Entry of the page, and what other programs may call: `globalThis.mlledger`.

import { decodeBody, decodeCanonical, typeOfSchema } from "./avro.mjs";
import { bytesOfHex, hexOf, parseBase64, parseDecimal } from "./bytes.mjs";
import { readContainer } from "./container.mjs";
import { verifyEd25519 } from "./crypto.mjs";
import {
  eventHashes,
  eventLeaf,
  eventSalt,
  parseEntry,
  verifyEventsRoot,
  verifyHeader,
} from "./entry.mjs";
import { EvidenceError } from "./errors.mjs";
import { parseLeaf } from "./leaf.mjs";
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from "./merkle.mjs";
import {
  parseCheckpoint,
  parseNote,
  parseVkey,
  verifyCheckpoint,
  verifyCosignature,
  verifyNote,
} from "./note.mjs";
import { attestedSeconds, isSatisfied, parsePolicy } from "./policy.mjs";
import { parseProof } from "./proof.mjs";
import { plain } from "./summary.mjs";
import { parseToken, verifyImprint, verifyToken } from "./timestamp.mjs";
import { readRoots } from "./certificate.mjs";
import { startPage } from "./ui.mjs";
import { verify } from "./verify.mjs";

globalThis.mlledger = {
  format: 1,
  verify,
  parts: {
    EvidenceError, attestedSeconds, bytesOfHex, decodeBody, decodeCanonical, eventHashes,
    eventLeaf, eventSalt, hexOf, isSatisfied, leafHash, parseBase64, parseCheckpoint,
    parseDecimal, parseEntry, parseLeaf, parseNote, parsePolicy, parseProof, parseToken,
    parseVkey, plain, readContainer, readRoots, rootOf, typeOfSchema, verifyCheckpoint,
    verifyConsistency, verifyCosignature, verifyEd25519, verifyEventsRoot, verifyHeader,
    verifyImprint, verifyInclusion, verifyNote, verifyToken,
  },
};
if (globalThis.document) startPage(globalThis.document);
