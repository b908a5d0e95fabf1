// JSON that refuses an object with a key twice, as JSON.parse does not.
// Source: RFC 8259; docs/format.md, section 6.

import { MalformedError, require } from "./errors.mjs";

const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\x00-\x1f]|\\.)*")|([-+.\w]+))[ \t\n\r]*/y;
const INTEGER = /^(?:0|-?[1-9][0-9]*)$/;
const WORDS = new Map([["true", true], ["false", false], ["null", null]]);
const MAX_DEPTH = 100;

/** Parse a JSON text; objects become Maps, numbers that are no integers become NaN. */
export function parseJson(text, what) {
  const tokens = tokenise(text, what);
  let at = 0;

  function value(depth) {
    require(depth < MAX_DEPTH, `${what}: nested too deeply`);
    const token = tokens[at];
    at += 1;
    if (token === "{") return object(depth);
    if (token === "[") return array(depth);
    return scalar(token, what);
  }

  function object(depth) {
    const found = new Map();
    if (take("}")) return found;
    do {
      const key = scalar(tokens[at], what);
      require(typeof key === "string", `${what}: a key is no text`);
      require(!found.has(key), `${what}: an object repeats the key ${key}`);
      at += 1;
      require(take(":"), `${what}: no colon after a key`);
      found.set(key, value(depth + 1));
    } while (take(","));
    require(take("}"), `${what}: an object does not end`);
    return found;
  }

  function array(depth) {
    const found = [];
    if (take("]")) return found;
    do found.push(value(depth + 1));
    while (take(","));
    require(take("]"), `${what}: an array does not end`);
    return found;
  }

  function take(mark) {
    if (tokens[at] !== mark) return false;
    at += 1;
    return true;
  }

  const whole = value(0);
  require(at === tokens.length, `${what}: something follows the JSON value`);
  return whole;
}

function tokenise(text, what) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    require(match, `${what}: not JSON`);
    tokens.push(match[1] ?? match[2] ?? match[3]);
  }
  return tokens;
}

function scalar(token, what) {
  if (token?.startsWith('"')) {
    try {
      return JSON.parse(token);
    } catch {
      throw new MalformedError(`${what}: not a JSON text`);
    }
  }
  if (WORDS.has(token)) return WORDS.get(token);
  require(token !== undefined && isNumber(token), `${what}: not JSON`);
  return INTEGER.test(token) ? Number(token) : Number.NaN;
}

function isNumber(token) {
  return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(token);
}
