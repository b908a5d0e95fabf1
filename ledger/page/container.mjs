// The canonical zip archive of a bundle: docs/format.md, "Bundle container".

import { isEqual, utf8 } from "./bytes.mjs";
import { require } from "./errors.mjs";

export const MAX_BUNDLE = 268_435_456;
const MAX_FILES = 1024;
const MAX_NAME = 96;
const MAX_PARTS = 4;
const PART = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const FILE_MARK = 0x04034b50;
const ENTRY_MARK = 0x02014b50;
const END_MARK = 0x06054b50;
const FILE_FRONT = 30;
const CRC_TABLE = crcTable();

/** Read a bundle: each file's bytes by name. Any byte written otherwise is refused. */
export function readContainer(bytes) {
  require(bytes.length <= MAX_BUNDLE, `a bundle of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = [];
  let at = 0;
  while (at + FILE_FRONT <= bytes.length && view.getUint32(at, true) === FILE_MARK) {
    require(entries.length < MAX_FILES, `more than ${MAX_FILES} files`);
    const entry = readFile(bytes, view, at, entries.at(-1)?.name ?? "");
    entries.push(entry);
    at = entry.end;
  }
  require(entries.length > 0, "not a bundle: it does not begin with a file");
  checkEnd(bytes, at, entries);
  return new Map(entries.map((entry) => [entry.name, entry.contents]));
}

function readFile(bytes, view, at, before) {
  const size = view.getUint32(at + 18, true);
  const nameSize = view.getUint16(at + 26, true);
  const start = at + FILE_FRONT + nameSize;
  const place = { place: `byte ${at}` };
  require(start + size <= bytes.length, "a file goes beyond the end of the bundle", place);
  const nameBytes = bytes.subarray(at + FILE_FRONT, start);
  require(nameSize >= 1 && nameSize <= MAX_NAME, "a file name is too long or empty", place);
  const name = String.fromCharCode(...nameBytes);
  checkFileName(name, before, place);
  const contents = bytes.subarray(start, start + size);
  const entry = { name, contents, at, end: start + size, crc: crc32(contents) };
  const asWritten = isEqual(bytes.subarray(at, start), fileFront(entry));
  require(asWritten, `${name}: its header is not as a bundle writes it`, place);
  return entry;
}

function checkFileName(name, before, place) {
  const parts = name.split("/");
  const fits = parts.length <= MAX_PARTS && parts.every((part) => PART.test(part));
  require(fits, `${JSON.stringify(name)}: not the name of a file of a bundle`, place);
  require(name > before, `${name}: twice, or out of order`, place);
}

/** The second part of the archive must be exactly what the files imply. */
function checkEnd(bytes, start, entries) {
  let at = start;
  for (const entry of entries) {
    const expected = directoryEntry(entry);
    const found = bytes.subarray(at, at + expected.length);
    require(isEqual(found, expected), `${entry.name}: listed otherwise than it is written`);
    at += expected.length;
  }
  const end = littleEndian(
    [4, END_MARK], [4, 0], [2, entries.length], [2, entries.length],
    [4, at - start], [4, start], [2, 0],
  );
  require(isEqual(bytes.subarray(at), end), "the bundle does not end as it should");
}

function fileFront({ name, contents, crc }) {
  return littleEndian(
    [4, FILE_MARK], [2, 10], [2, 0], [2, 0], [2, 0], [2, 0x21], [4, crc],
    [4, contents.length], [4, contents.length], [2, name.length], [2, 0], name,
  );
}

function directoryEntry({ name, contents, crc, at }) {
  return littleEndian(
    [4, ENTRY_MARK], [2, 10], [2, 10], [2, 0], [2, 0], [2, 0], [2, 0x21], [4, crc],
    [4, contents.length], [4, contents.length], [2, name.length],
    [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, at], name,
  );
}

/** Bytes of [width, number] pairs and ASCII texts, one after another. */
function littleEndian(...fields) {
  const bytes = [];
  for (const field of fields) {
    if (typeof field === "string") {
      bytes.push(...utf8(field));
    } else {
      const [width, number] = field;
      for (let i = 0; i < width; i += 1) bytes.push(Math.floor(number / 256 ** i) % 256);
    }
  }
  return Uint8Array.from(bytes);
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1) {
    crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function crcTable() {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return crc;
  });
}
