// RFC 3161 time-stamp tokens: docs/format.md, section 13. Source: RFC 3161, RFC 5652,
// RFC 5816.

import { concat, hexOf, isEqual } from "./bytes.mjs";
import { isNamedBy, parseCertificate, verifyChain } from "./certificate.mjs";
import {
  GENERALIZED_TIME,
  INTEGER,
  OCTET_STRING,
  SEQUENCE,
  SET,
  expectTag,
  integerOf,
  oidOf,
  parseDer,
  timeOf,
} from "./der.mjs";
import { sha256 } from "./crypto.mjs";
import { SignatureError, require } from "./errors.mjs";
import { HASHES, digestOf, hashName, verifyWithCertificate } from "./signatures.mjs";

const MAX_TOKEN = 1 << 20;
const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const RSA_ANY = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"];
const DIGEST_OF_SIGNATURE = {
  "1.2.840.113549.1.1.11": "SHA-256",
  "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
};

/** Take a whole TimeStampResp apart; checks no signature. */
export function parseToken(bytes) {
  require(bytes.length <= MAX_TOKEN, `a token of ${bytes.length} bytes`);
  const [status, contentInfo, ...beyond] = parts(parseDer(bytes, "token"), "token");
  const granted = integerOf(parts(status, "status")[0]);
  const isGranted = granted === 0n && contentInfo && beyond.length === 0;
  require(isGranted, `token: not granted, PKI status ${granted}`);
  const [type, wrapped, ...more] = parts(contentInfo, "content");
  require(oidOf(type) === SIGNED_DATA && more.length === 0, "token: not signed data");
  const fields = parts(onlyIn(expectTag(wrapped, 0xa0, "content")), "signed data");
  requireTags(fields, [INTEGER, SET, SEQUENCE, 0xa0, 0xa1, SET], "signed data");
  require(integerOf(fields[0]) === 3n, "token: not SignedData of version 3");
  const enclosed = fields.find((field) => field.tag === 0xa0)?.children() ?? [];
  const certificates = enclosed.map((value) => parseCertificate(value.raw));
  const content = contentOf(fields[2]);
  const signer = signerOf(fields.at(-1));
  const digests = expectTag(fields[1], SET, "digest algorithms").children();
  for (const one of digests) {
    const isKnown = HASHES[oidOf(parts(one, "digest algorithm")[0])] !== undefined;
    require(isBare(one) && isKnown, "token: no digest algorithm, or one with parameters");
  }
  const holders = certificates.filter((one) => isNamedBy(one, signer.sid));
  require(holders.length === 1, `token: ${holders.length} certificates of its signer`);
  return { ...parseInfo(content), content, digests, signer, certificates, holder: holders[0] };
}

/** The one value inside another. */
function onlyIn(value) {
  const children = value.children();
  require(children.length === 1, "token: more than one value in a wrapper");
  return children[0];
}

/** Fields must have these tags in this order; any of the others may be left out. */
function requireTags(fields, order, name) {
  let at = 0;
  for (const { tag } of fields) {
    while (at < order.length && order[at] !== tag) at += 1;
    require(at < order.length, `token: a field that no ${name} has`);
    at += 1;
  }
}

/** The digests named for the whole must hold the signer's, without parameters. */
function checkDigests(digests, signer) {
  const names = digests.map((one) => HASHES[oidOf(one.children()[0])]);
  const fit = digests.every(isBare) && names.includes(signer.hash);
  require(fit && signer.isPlain, "token: algorithms with parameters, or other digests");
}

/** Whether an algorithm has no parameters, or null in their place. */
function isBare(algorithm) {
  const [, parameters, ...more] = algorithm.children();
  return more.length === 0 && (!parameters || parameters.tag === 0x05);
}

function isPss(algorithm) {
  return oidOf(algorithm.children()[0]) === RSA_ANY[1];
}

function parts(value, name) {
  return expectTag(value, SEQUENCE, name).children();
}

function contentOf(value) {
  const [type, wrapped] = parts(value, "enclosed content");
  require(oidOf(type) === TST_INFO, "token: not a time-stamp");
  const inner = expectTag(wrapped, 0xa0, "enclosed content").children()[0];
  return expectTag(inner, OCTET_STRING, "enclosed content").content;
}

function signerOf(value) {
  const signers = expectTag(value, SET, "signers").children();
  require(signers.length === 1, `token: ${signers.length} signers`);
  const fields = parts(signers[0], "signer");
  const tags = [INTEGER, SEQUENCE, SEQUENCE, 0xa0, SEQUENCE, OCTET_STRING, 0xa1];
  requireTags(fields, tags, "signer");
  const [version, sid, digest, attributes, algorithm, signature] = fields;
  require(integerOf(version) === 1n, "token: not a signer of version 1");
  for (const one of expectTag(attributes, 0xa0, "signed attributes").children()) {
    const [type, values, ...more] = parts(one, "attribute");
    oidOf(type);
    expectTag(values, SET, "attribute");
    require(more.length === 0, "token: an attribute with more than its values");
  }
  checkAlgorithms(digest, algorithm);
  return {
    sid,
    hash: hashName(digest),
    isPlain: isBare(digest) && (isPss(algorithm) || isBare(algorithm)),
    attributes,
    algorithm,
    signature: expectTag(signature, OCTET_STRING, "signature").content,
  };
}

/** No signature covers the algorithm's name, so it must fit the digest. */
function checkAlgorithms(digest, algorithm) {
  const hash = HASHES[oidOf(parts(digest, "digest algorithm")[0])];
  const scheme = oidOf(parts(algorithm, "signature algorithm")[0]);
  require(isBare(digest), "token: a digest algorithm with parameters");
  const isStrong = hash !== undefined && hash !== "SHA-1";
  const fits = RSA_ANY.includes(scheme) || DIGEST_OF_SIGNATURE[scheme] === hash;
  require(isStrong && fits, "token: the signature algorithm is not that of its digest");
}

function parseInfo(content) {
  const info = parts(parseDer(content, "TSTInfo"), "TSTInfo");
  const [version, policy, imprint, serial, time, ...rest] = info;
  requireTags(rest, [SEQUENCE, 0x01, INTEGER, 0xa0, 0xa1], "TSTInfo");
  const [algorithm, digest] = parts(imprint, "imprint");
  const isSha256 = HASHES[oidOf(parts(algorithm, "imprint")[0])] === "SHA-256";
  require(isSha256 && isBare(algorithm), "token: the imprint is no SHA-256");
  oidOf(policy);
  expectTag(serial, INTEGER, "serial number");
  expectTag(time, GENERALIZED_TIME, "time");
  const accuracy = rest.find((field) => field.tag === SEQUENCE);
  return {
    version: integerOf(version),
    imprint: expectTag(digest, OCTET_STRING, "imprint").content,
    timeMs: roundedUp(time),
    accuracyMs: accuracy ? accuracyOf(accuracy) : null,
  };
}

/** The stated time in milliseconds; a finer fraction is rounded up. */
function roundedUp(time) {
  const digits = String.fromCharCode(...time.content).split(".")[1] ?? "Z";
  return timeOf(time) + (digits.length > 4 ? 1 : 0);
}

function accuracyOf(value) {
  const found = { [INTEGER]: 0n, 0x80: 0n, 0x81: 0n };
  requireTags(value.children(), [INTEGER, 0x80, 0x81], "accuracy");
  for (const field of value.children()) {
    const isWhole = field.tag === INTEGER || isShortest(field.content);
    require(isWhole && field.content[0] < 0x80, "token: an accuracy that is no number");
    found[field.tag] = BigInt(`0x${hexOf(field.content) || "0"}`);
  }
  const inRange = found[0x80] < 1000n && found[0x81] < 1000n;
  require(inRange, "token: accuracy beyond 999 of a unit");
  const micros = found[0x80] * 1000n + found[0x81];
  return Number(found[INTEGER] * 1000n + (micros + 999n) / 1000n);
}

function isShortest(content) {
  return content.length === 1 || (content[0] === 0 && content[1] >= 0x80) || content[0] > 0;
}

/** Check that a token speaks of these bytes, and not who signed it. */
export async function verifyImprint(token, data) {
  const wanted = await sha256(data);
  if (isEqual(wanted, token.imprint)) return;
  throw new SignatureError("the token speaks of another text", {
    expected: hexOf(wanted),
    actual: hexOf(token.imprint),
  });
}

/** Check who signed a token; certificates need only be valid at its time. */
export async function verifyToken(token, roots) {
  const { signer, holder, content } = token;
  require(token.version === 1n, "token: not version 1");
  checkDigests(token.digests, signer);
  const attributes = new Map();
  for (const attribute of signer.attributes.children()) {
    const [type, values] = parts(attribute, "attribute");
    attributes.set(oidOf(type), expectTag(values, SET, "attribute").children());
  }
  await checkAttributes(attributes, { content, signer, holder });
  await verifyWithCertificate({
    spki: holder.spki,
    algorithm: signer.algorithm,
    hash: signer.hash,
    signature: signer.signature,
    data: concat(Uint8Array.of(SET), signer.attributes.raw.subarray(1)),
    what: `token of ${holder.name}`,
  });
  const scene = { signer: holder, enclosed: token.certificates, roots };
  await verifyChain({ ...scene, timeMs: Math.floor(token.timeMs / 1000) * 1000 });
}

/** The signed attributes bind the content and the certificate. Source: RFC 5652, 11. */
async function checkAttributes(attributes, { content, signer, holder }) {
  const type = attributes.get(CONTENT_TYPE);
  const digest = attributes.get(MESSAGE_DIGEST);
  const isTyped = type?.length === 1 && oidOf(type[0]) === TST_INFO;
  const computed = await digestOf(signer.hash, content);
  const isBound = digest?.length === 1 && isEqual(digest[0].content, computed);
  if (!isTyped || !isBound) {
    throw new SignatureError("the token's signature is over another content");
  }
  const v2 = attributes.get(SIGNING_CERTIFICATE_V2);
  const v1 = attributes.get(SIGNING_CERTIFICATE);
  if (v2) await checkCertificateId(v2[0], "SHA-256", holder);
  else if (v1) await checkCertificateId(v1[0], "SHA-1", holder);
}

async function checkCertificateId(value, defaultHash, holder) {
  const first = parts(parts(value, "signing certificate")[0], "certificates")[0];
  const fields = parts(first, "certificate id");
  const hash = fields[0].tag === SEQUENCE ? hashName(fields.shift()) : defaultHash;
  const named = expectTag(fields[0], OCTET_STRING, "certificate hash").content;
  if (!isEqual(named, await digestOf(hash, holder.bytes))) {
    throw new SignatureError("the token names another certificate than the enclosed one");
  }
}
