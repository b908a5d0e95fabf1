// X.509 certificates of a time authority and their way to a given root.
// Source: RFC 5280, sections 4 and 6.1; RFC 3161, section 2.3.

import { hexOf, isEqual, textOf, uintAt } from "./bytes.mjs";
import {
  BIT_STRING,
  INTEGER,
  OCTET_STRING,
  SEQUENCE,
  SET,
  expectTag,
  integerOf,
  oidOf,
  parseDer,
  pemBlocks,
  timeOf,
} from "./der.mjs";
import { SignatureError, require } from "./errors.mjs";
import { verifyWithCertificate } from "./signatures.mjs";

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_KEY_ID = "2.5.29.14";
const UNDERSTOOD = new Set([
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  "2.5.29.17", // subject alternative name
  "2.5.29.32", // certificate policies
]);
const MAX_CHAIN = 10;
const UTF8_STRING = 0x0c;
/** Bits and bytes; UTF-8, printable, teletex, IA5, universal and BMP strings. */
const TEXT_TAGS = [0x03, 0x04, UTF8_STRING, 0x13, 0x14, 0x16, 0x1c, 0x1e];
const EC_KEY = "1.2.840.10045.2.1";
const NAME_PARTS = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
};

/** Take a certificate apart; checks no signature. */
export function parseCertificate(bytes) {
  const whole = expectTag(parseDer(bytes, "certificate"), SEQUENCE, "certificate");
  const [tbs, algorithm, signatureBits, ...beyond] = whole.children();
  const fields = expectTag(tbs, SEQUENCE, "certificate").children();
  const version = fields[0]?.tag === 0xa0 ? fields.shift() : null;
  const [serial, inner, issuer, validity, subject, spki, ...rest] = fields;
  const order = [0x81, 0x82, 0xa3];
  const places = rest.map(({ tag }) => order.indexOf(tag));
  const inOrder = places.every((place, at) => place >= 0 && !(places[at - 1] >= place));
  const isWhole = spki && signatureBits && beyond.length === 0 && inOrder;
  require(isWhole, "certificate: parts are missing, or too many");
  const number = version ? integerOf(version.children()[0]) : 0n;
  const isVersion = number <= 2n && (!version || number > 0n);
  require(isVersion, `certificate: no version ${number}`);
  for (const name of [issuer, subject]) checkNameForm(name);
  for (const one of [inner, algorithm]) checkAlgorithmForm(one);
  checkKeyForm(spki);
  const [from, until] = expectTag(validity, SEQUENCE, "validity").children().map(timeOf);
  const wrapped = rest.find((field) => field.tag === 0xa3);
  return {
    bytes,
    signed: tbs.raw,
    algorithm,
    namesOneAlgorithm: isEqual(inner.raw, algorithm.raw),
    signatureBits: expectTag(signatureBits, BIT_STRING, "signature"),
    serial: expectTag(serial, INTEGER, "serial number").content,
    issuer: issuer.raw,
    subject: subject.raw,
    name: nameText(subject),
    from,
    until,
    spki,
    extensions: extensionsOf(wrapped),
  };
}

function checkNameForm(name) {
  for (const set of expectTag(name, SEQUENCE, "name").children()) {
    for (const part of expectTag(set, SET, "part of a name").children()) {
      const [type, value] = expectTag(part, SEQUENCE, "part of a name").children();
      oidOf(type);
      const isText = value && TEXT_TAGS.includes(value.tag);
      require(isText && isWholeText(value), "certificate: a name without a text");
      if (value.tag === UTF8_STRING) textOf(value.content, "certificate");
    }
  }
}

/** Universal strings are code points of four bytes, BMP strings of two. */
function isWholeText({ tag, content }) {
  if (tag === 0x1e) return content.length % 2 === 0;
  const points = Array.from({ length: content.length / 4 }, (_, at) => uintAt(content, 4 * at, 4));
  const areChosen = points.every((one) => one < 0x110000 && (one < 0xd800 || one > 0xdfff));
  return tag !== 0x1c || (content.length % 4 === 0 && areChosen);
}

function checkAlgorithmForm(algorithm) {
  const parts = expectTag(algorithm, SEQUENCE, "algorithm").children();
  oidOf(parts[0]);
  require(parts.length <= 2, "certificate: an algorithm with too many parts");
}

function checkKeyForm(spki) {
  const [algorithm, bits, ...more] = expectTag(spki, SEQUENCE, "public key").children();
  expectTag(bits, BIT_STRING, "public key");
  require(more.length === 0, "certificate: a public key with too many parts");
  checkAlgorithmForm(algorithm);
  const [name, parameters] = algorithm.children();
  if (oidOf(name) === EC_KEY) oidOf(parameters);
}

function bitsOf(value) {
  const { content } = expectTag(value, BIT_STRING, "bit string");
  require(content[0] === 0, "certificate: bits that fill no byte");
  return content.slice(1);
}

function extensionsOf(wrapped) {
  const found = new Map();
  const list = wrapped ? expectTag(wrapped.children()[0], SEQUENCE, "extensions") : null;
  for (const extension of list?.children() ?? []) {
    const parts = expectTag(extension, SEQUENCE, "extension").children();
    const oid = oidOf(parts[0]);
    const isMarked = parts.length === 3 && parts[1].tag === 0x01 && parts[1].content[0] !== 0;
    require(parts.length === 2 || isMarked, `certificate: extension ${oid}`);
    require(!found.has(oid), `certificate: extension ${oid} stands there twice`);
    const value = expectTag(parts.at(-1), OCTET_STRING, "extension").content;
    found.set(oid, { isCritical: isMarked, value });
  }
  return found;
}

/** A name for people, such as `CN=Test TSA,O=Example`. */
function nameText(name) {
  const texts = [];
  for (const part of name.children().flatMap((set) => set.children())) {
    const [type, value] = part.children();
    const oid = oidOf(type);
    const isUtf8 = value.tag === UTF8_STRING;
    const text = isUtf8
      ? textOf(value.content, "certificate")
      : new TextDecoder("windows-1252").decode(value.content);
    texts.unshift(`${NAME_PARTS[oid] ?? oid}=${text}`);
  }
  return texts.join(",");
}

/** The certificates of a PEM text, or of one DER file. */
export function readRoots(given) {
  const text = typeof given === "string" ? given : new TextDecoder().decode(given);
  const blocks = pemBlocks(text, "CERTIFICATE");
  if (blocks.length === 0 && typeof given !== "string") return [parseCertificate(given)];
  require(blocks.length > 0, "no root certificate in PEM");
  return blocks.map(parseCertificate);
}

/** Check that a certificate may sign time-stamps. Source: RFC 3161, section 2.3. */
function checkPurpose(certificate) {
  const usage = certificate.extensions.get(EXTENDED_KEY_USAGE);
  const purposes = usage ? parseDer(usage.value, "key usage").children().map(oidOf) : [];
  const isOnly = purposes.length === 1 && purposes[0] === TIME_STAMPING;
  if (!usage?.isCritical || !isOnly) {
    throw new SignatureError(`${certificate.name}: not a certificate for time-stamps`);
  }
}

/**
 * Check that a signer's certificate leads to one of the roots, as of a time.
 * @param enclosed certificates to build the way from.
 * @param timeMs the token's time; certificates need only be valid then.
 */
export async function verifyChain({ signer, enclosed, roots, timeMs }) {
  checkPurpose(signer);
  const refusals = [];
  if (await leadsToRoot(signer, [signer], { enclosed, roots, timeMs, refusals })) return;
  const why = refusals[0] ?? "no way to a given root";
  throw new SignatureError(`the certificate of ${signer.name} does not lead to a root: ${why}`);
}

async function leadsToRoot(certificate, path, scene) {
  if (!isValidAt(certificate, scene)) return false;
  if (scene.roots.some((root) => isEqual(root.bytes, certificate.bytes))) return true;
  if (path.length > MAX_CHAIN) return false;
  const isNew = (one) => !path.some((known) => isEqual(known.bytes, one.bytes));
  const issuers = [...scene.roots, ...scene.enclosed].filter(
    (one) => isEqual(one.subject, certificate.issuer) && isNew(one),
  );
  for (const issuer of issuers) {
    const mayIssue = isAuthority(issuer, path.length - 1, scene);
    if (mayIssue && (await isSignedBy(certificate, issuer, scene))) {
      if (await leadsToRoot(issuer, [...path, issuer], scene)) return true;
    }
  }
  return false;
}

function isValidAt(certificate, { timeMs, refusals }) {
  const inTime = certificate.from <= timeMs && timeMs < certificate.until;
  if (!inTime) refusals.push(`${certificate.name} was not valid at that time`);
  const strange = [...certificate.extensions].find(
    ([oid, { isCritical }]) => isCritical && !UNDERSTOOD.has(oid),
  );
  if (strange) refusals.push(`${certificate.name} has the critical extension ${strange[0]}`);
  return inTime && !strange;
}

function isAuthority(certificate, below, { refusals }) {
  const constraints = certificate.extensions.get(BASIC_CONSTRAINTS);
  const usage = certificate.extensions.get(KEY_USAGE);
  const parts = constraints ? parseDer(constraints.value, "constraints").children() : [];
  const isCa = parts[0]?.tag === 0x01 && parts[0].content[0] !== 0;
  const deepest = parts[1] ? integerOf(parts[1]) : BigInt(MAX_CHAIN);
  // Bit 5 of keyUsage is keyCertSign.
  const maySign = !usage || (parseDer(usage.value, "key usage").content[1] & 0x04) !== 0;
  const fits = isCa && maySign && BigInt(below) <= deepest;
  if (!fits) refusals.push(`${certificate.name} may not issue certificates`);
  return fits;
}

async function isSignedBy(certificate, issuer, { refusals }) {
  try {
    require(certificate.namesOneAlgorithm, `${certificate.name}: two signature algorithms`);
    await verifyWithCertificate({
      spki: issuer.spki,
      algorithm: certificate.algorithm,
      hash: null,
      signature: bitsOf(certificate.signatureBits),
      data: certificate.signed,
      what: certificate.name,
    });
    return true;
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    refusals.push(error.message);
    return false;
  }
}

/** Whether a CMS signer identifier names this certificate. */
export function isNamedBy(certificate, sid) {
  if (sid.tag === 0x80) {
    const extension = certificate.extensions.get(SUBJECT_KEY_ID);
    const id = extension && parseDer(extension.value, "key identifier").content;
    return Boolean(id) && isEqual(id, sid.content);
  }
  const [issuer, serial] = expectTag(sid, SEQUENCE, "signer identifier").children();
  const isSame = isEqual(issuer.raw, certificate.issuer);
  const number = expectTag(serial, INTEGER, "serial number").content;
  return isSame && hexOf(number) === hexOf(certificate.serial);
}

