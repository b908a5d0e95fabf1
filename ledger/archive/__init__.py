"""The record archive: sealed records of an origin in files that never change.

::

    archive/<name>/p0/index                        its SHA-256 stands for everything
    archive/<name>/p0/<first>-<last>-<sha256>.seg  the records of these offsets

A segment is named by its own SHA-256. All integers are big-endian::

    "MLLA" | version u16 = 1 | origin_len u16 | origin | first u64 | last u64
    then for each record, offsets ascending:
    offset u64 | timestamp_ms u64 | length u32 | value      (null: length 2^32 - 1)

The index is text, one line for each segment. An offset within a segment that it has no
record for held none; an offset between two segments was lost before it was archived::

    mlledger-archive/v1
    acme/p0
    <first> <last> <records> <sha256 in hex>

An index only grows by lines: the digest of an earlier one is that of the beginning of a
later one. Nothing in an archive is trusted: who reads it holds each record against the
leaf that was sealed of it.
"""

from __future__ import annotations

from ledger.archive.folder import ArchiveFolder, OriginArchive
from ledger.archive.index import Index, SegmentLine, format_index, parse_index
from ledger.archive.segment import (
    ArchivedRecord,
    SegmentWriter,
    read_segment,
    segment_name,
)

__all__ = [
    "ArchiveFolder",
    "ArchivedRecord",
    "Index",
    "OriginArchive",
    "SegmentLine",
    "SegmentWriter",
    "format_index",
    "parse_index",
    "read_segment",
    "segment_name",
]
