// Signatures of certificates and time-stamp tokens, through WebCrypto.
// Source: RFC 5280, 4055, 5758, 8410, 5652.

import {
  INTEGER,
  SEQUENCE,
  expectTag,
  integerOf,
  oidOf,
  parseDer,
} from "./der.mjs";
import { subtle, verifyEd25519 } from "./crypto.mjs";
import { SignatureError, UnableError } from "./errors.mjs";

export const HASHES = {
  "1.3.14.3.2.26": "SHA-1",
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const RSA = "1.2.840.113549.1.1.1";
const RSA_WITH = {
  "1.2.840.113549.1.1.11": "SHA-256",
  "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
};
const RSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const ECDSA_WITH = {
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
};
const EC_KEY = "1.2.840.10045.2.1";
const ED25519_OID = "1.3.101.112";
const CURVES = {
  "1.2.840.10045.3.1.7": ["P-256", 32],
  "1.3.132.0.34": ["P-384", 48],
  "1.3.132.0.35": ["P-521", 66],
};

/** The hash that an AlgorithmIdentifier names, as WebCrypto calls it. */
export function hashName(algorithm) {
  const oid = oidOf(algorithm.children()[0]);
  if (!HASHES[oid]) throw new UnableError(`no hash for object identifier ${oid}`);
  return HASHES[oid];
}

export async function digestOf(name, bytes) {
  return new Uint8Array(await subtle().digest(name, bytes));
}

/**
 * Check a signature made with the key of a certificate.
 * @param algorithm AlgorithmIdentifier of the signature.
 * @param hash hash to take where the algorithm does not name one.
 */
export async function verifyWithCertificate({ spki, algorithm, hash, signature, data, what }) {
  const [oidValue, parameters] = algorithm.children();
  const oid = oidOf(oidValue);
  if (oid === ED25519_OID) {
    await verifyEd25519(spki.content.slice(-32), signature, data, what);
    return;
  }
  const chosen = chooseScheme(oid, parameters, hash, spki, signature);
  let holds = false;
  try {
    const key = await subtle().importKey("spki", spki.raw, chosen.key, false, ["verify"]);
    holds = await subtle().verify(chosen.scheme, key, chosen.signature, data);
  } catch (error) {
    throw new UnableError(`${what}: this browser cannot use the key (${error.name})`);
  }
  if (!holds) throw new SignatureError(`${what}: the signature does not verify`);
}

function chooseScheme(oid, parameters, hash, spki, signature) {
  if (oid === RSA || RSA_WITH[oid]) {
    const scheme = { name: "RSASSA-PKCS1-v1_5", hash: RSA_WITH[oid] ?? hash };
    return refuseSha1({ key: scheme, scheme, signature });
  }
  if (oid === RSA_PSS) return pssScheme(parameters, signature);
  if (ECDSA_WITH[oid]) return ecdsaScheme(ECDSA_WITH[oid], spki, signature);
  throw new UnableError(`no signature scheme for object identifier ${oid}`);
}

function pssScheme(parameters, signature) {
  let [hash, saltLength] = ["SHA-1", 20];
  for (const field of parameters?.tag === SEQUENCE ? parameters.children() : []) {
    const [inner] = field.children();
    if (field.tag === 0xa0) hash = hashName(inner);
    if (field.tag === 0xa1 && oidOf(inner.children()[0]) !== MGF1) {
      throw new UnableError("RSA-PSS with a mask function other than MGF1");
    }
    if (field.tag === 0xa1 && hashName(inner.children()[1]) !== hash) {
      throw new UnableError("RSA-PSS with two different hashes");
    }
    if (field.tag === 0xa2) saltLength = Number(integerOf(inner));
  }
  const key = { name: "RSA-PSS", hash };
  return refuseSha1({ key, scheme: { name: "RSA-PSS", saltLength }, signature });
}

function refuseSha1(chosen) {
  if (chosen.key.hash === "SHA-1") throw new UnableError("a signature made with SHA-1");
  return chosen;
}

function ecdsaScheme(hash, spki, signature) {
  const [algorithm] = spki.children();
  const [kind, curveValue] = algorithm.children();
  const curve = oidOf(kind) === EC_KEY && CURVES[oidOf(curveValue)];
  if (!curve) throw new UnableError("ECDSA on another curve than P-256, P-384, P-521");
  const [namedCurve, width] = curve;
  return {
    key: { name: "ECDSA", namedCurve },
    scheme: { name: "ECDSA", hash },
    signature: rawEcdsa(signature, width),
  };
}

/** WebCrypto takes r and s side by side, X.509 writes them as DER. */
function rawEcdsa(signature, width) {
  const parts = expectTag(parseDer(signature, "signature"), SEQUENCE, "signature");
  const raw = new Uint8Array(2 * width);
  for (const [place, value] of parts.children().slice(0, 2).entries()) {
    const bytes = expectTag(value, INTEGER, "integer").content;
    const number = bytes[0] === 0 ? bytes.subarray(1) : bytes;
    if (number.length > width) throw new SignatureError("an ECDSA number is too long");
    raw.set(number, (place + 1) * width - number.length);
  }
  return raw;
}

