// Strict Avro bodies: docs/format.md, section 6. A long is a BigInt, bytes are
// Uint8Arrays, a record is an object without prototype, a map is a Map.

import { textOf } from "./bytes.mjs";
import { require } from "./errors.mjs";
import { parseJson } from "./json.mjs";

const MAX_DEPTH_OF_SCHEMA = 32;
const MAX_SCHEMA = 16_384;
const MAX_LEAST = 4_096;
const NAMESPACE = /^mlledger\.([a-z]+\.[a-z][a-z0-9_]*)$/;
const RECORD_NAME = /^([a-z]+)_v([1-9][0-9]{0,4})$/;
const TWO_64 = 1n << 64n;
const readers = new WeakMap();

/** The event type that a schema says it describes: `{ name, version }`. */
export function typeOfSchema(schemaBytes) {
  const schema = schemaObject(schemaBytes);
  const namespace = NAMESPACE.exec(schema.get("namespace"));
  const name = RECORD_NAME.exec(schema.get("name"));
  const fits = schema.get("type") === "record" && namespace && name;
  require(fits, "not the schema of an event type");
  return { name: `${namespace[1]}.${name[1]}`, version: Number(name[2]) };
}

/** Decode a body that must be exactly one value of a schema. */
export function decodeBody(schemaBytes, body) {
  return decode(schemaBytes, body, false);
}

/** Decode a body that must also be the one spelling of its value. */
export function decodeCanonical(schemaBytes, body) {
  return decode(schemaBytes, body, true);
}

function decode(schemaBytes, body, isCanonical) {
  const source = new Source(body, isCanonical);
  const value = readerOf(schemaBytes)(source);
  require(source.at === body.length, "bytes follow the Avro body");
  return value;
}

/** The reader of a schema, made once for the same array of bytes. */
function readerOf(schemaBytes) {
  if (!readers.has(schemaBytes)) {
    const [read] = new Compiler().compile(schemaObject(schemaBytes), "", 0);
    readers.set(schemaBytes, read);
  }
  return readers.get(schemaBytes);
}

function schemaObject(schemaBytes) {
  require(schemaBytes.length <= MAX_SCHEMA, "schema: too long");
  const schema = parseJson(textOf(schemaBytes, "schema"), "schema");
  require(schema instanceof Map, "schema: no JSON object");
  return schema;
}

/** A body and the place up to which it has been read. */
class Source {
  constructor(bytes, isCanonical) {
    this.bytes = bytes;
    this.at = 0;
    this.isCanonical = isCanonical;
  }

  byte() {
    require(this.at < this.bytes.length, "Avro body ends too early");
    this.at += 1;
    return this.bytes[this.at - 1];
  }

  take(size) {
    const end = this.at + size;
    require(size >= 0 && end <= this.bytes.length, "Avro length is outside the body");
    this.at = end;
    return this.bytes.slice(end - size, end);
  }

  long() {
    let [number, shift, byte] = [0n, 0n, 0x80];
    while (byte >= 0x80) {
      require(shift <= 63n, "Avro number is longer than 64 bits");
      byte = this.byte();
      number |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
    }
    require(byte !== 0 || shift === 7n, "Avro number is not in its shortest form");
    require(number < TWO_64, "Avro number is longer than 64 bits");
    return (number >> 1n) ^ -(number & 1n);
  }

  int() {
    const number = this.long();
    const fits = number >= -(1n << 31n) && number < 1n << 31n;
    require(fits, "Avro int is over 32 bits");
    return Number(number);
  }

  /** A count or length that memory could hold. */
  size() {
    const number = this.long();
    const fits = number >= 0n && number <= BigInt(this.bytes.length);
    require(fits, "Avro length is outside the body");
    return Number(number);
  }

  index(count, what) {
    const number = this.long();
    require(number >= 0n && number < BigInt(count), `Avro ${what} has no ${number}`);
    return Number(number);
  }
}

const PRIMITIVES = {
  __proto__: null,
  null: [() => null, 0],
  boolean: [readBoolean, 1],
  int: [(source) => source.int(), 1],
  long: [(source) => source.long(), 1],
  float: [(source) => viewOf(source.take(4)).getFloat32(0, true), 4],
  double: [(source) => viewOf(source.take(8)).getFloat64(0, true), 8],
  bytes: [(source) => source.take(source.size()), 1],
  string: [readString, 1],
};

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readBoolean(source) {
  const byte = source.byte();
  require(byte <= 1, "Avro boolean is neither 0 nor 1");
  return byte === 1;
}

function readString(source) {
  return textOf(source.take(source.size()), "Avro text");
}

/** Turns a schema into functions; each comes with the fewest bytes a value takes. */
class Compiler {
  named = new Map();

  compile(schema, namespace, depth) {
    require(depth <= MAX_DEPTH_OF_SCHEMA, "schema is nested too deeply");
    if (Array.isArray(schema)) return this.union(schema, namespace, depth);
    if (typeof schema === "string") return this.byName(schema, namespace);
    require(schema instanceof Map, "schema: not an Avro type");
    const kind = schema.get("type");
    if (["record", "enum", "fixed"].includes(kind)) {
      return this.define(schema, namespace, depth);
    }
    if (kind === "array") return this.array(schema, namespace, depth);
    if (kind === "map") return this.map(schema, namespace, depth);
    return this.compile(kind, namespace, depth + 1);
  }

  byName(name, namespace) {
    if (PRIMITIVES[name]) return PRIMITIVES[name];
    const found = this.named.get(fullName(name, namespace));
    require(found, `schema uses ${name} inside or before its definition`);
    return found;
  }

  define(schema, outer, depth) {
    const full = fullName(
      String(schema.get("name")),
      String(schema.get("namespace") ?? outer),
    );
    require(!this.named.has(full), `schema defines ${full} twice`);
    this.named.set(full, null);
    const made = this.body(schema, full.slice(0, Math.max(0, full.lastIndexOf("."))), depth);
    require(made[1] <= MAX_LEAST, "schema has a value of too many bytes");
    this.named.set(full, made);
    return made;
  }

  body(schema, namespace, depth) {
    const kind = schema.get("type");
    if (kind === "enum") return enumReader(listed(schema, "symbols"));
    if (kind === "fixed") return fixedReader(schema.get("size"));
    const fields = listed(schema, "fields").map((field) => {
      require(field instanceof Map, "schema: not a field");
      const [read, least] = this.compile(field.get("type"), namespace, depth + 1);
      require(least > 0, "schema has a field that takes no bytes");
      return { name: String(field.get("name")), read, least };
    });
    const names = new Set(fields.map((field) => field.name));
    require(names.size === fields.length, "schema has a record with a field twice");
    return recordReader(fields);
  }

  union(branches, namespace, depth) {
    const made = branches.map((branch) => this.compile(branch, namespace, depth + 1)[0]);
    return [(source) => made[source.index(made.length, "union")](source), 1];
  }

  array(schema, namespace, depth) {
    const [read, least] = this.compile(schema.get("items"), namespace, depth + 1);
    require(least > 0, "schema has an array of items that take no bytes");
    return [
      (source) => {
        const items = [];
        readBlocks(source, () => items.push(read(source)));
        return items;
      },
      1,
    ];
  }

  map(schema, namespace, depth) {
    const [read] = this.compile(schema.get("values"), namespace, depth + 1);
    return [
      (source) => {
        const found = new Map();
        readBlocks(source, () => {
          const key = readString(source);
          require(!found.has(key), "Avro map holds a key twice");
          found.set(key, read(source));
        });
        return found;
      },
      1,
    ];
  }
}

function fullName(name, namespace) {
  return name.includes(".") || !namespace ? name : `${namespace}.${name}`;
}

function listed(schema, key) {
  const found = schema.get(key);
  require(Array.isArray(found), `schema of a ${schema.get("type")} has no ${key}`);
  return found;
}

function enumReader(symbols) {
  return [(source) => symbols[source.index(symbols.length, "enumeration")], 1];
}

function fixedReader(size) {
  require(Number.isSafeInteger(size) && size >= 0, "schema: no size of a fixed type");
  return [(source) => source.take(size), size];
}

function recordReader(fields) {
  const least = fields.reduce((sum, field) => sum + field.least, 0);
  const read = (source) => {
    const record = Object.create(null);
    for (const field of fields) record[field.name] = field.read(source);
    return record;
  };
  return [read, least];
}

/** Read the blocks of an array or map, calling `readItem` once for each item. */
function readBlocks(source, readItem) {
  for (let blocks = 0; ; blocks += 1) {
    const count = source.long();
    if (count === 0n) return;
    const isPlain = count > 0n && blocks === 0;
    require(isPlain || !source.isCanonical, "Avro body is not in its one spelling");
    const end = count < 0n ? endOfBlock(source) : null;
    const items = count < 0n ? -count : count;
    for (let item = 0n; item < items; item += 1n) readItem();
    require(end === null || end === source.at, "Avro block has another size than it says");
  }
}

function endOfBlock(source) {
  const size = source.size();
  require(source.at + size <= source.bytes.length, "Avro block is outside the body");
  return source.at + size;
}
