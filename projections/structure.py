"""What a schema is made of, and in what it differs from what this program would make.

Rows can be hidden or changed without touching one: by a policy, a view in a table's
place, a rule, a trigger, another function behind one, a table that inherits. So tables
are believed only where the catalogue says of them what it says of new ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.errors import IntegrityError
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from projections.database import Connection

_PACKAGE = "projections"
_NEVER = frozenset(("policy", "rule", "row security", "type", "operator"))
"""Kinds of parts that no schema of this program has."""
_MADE = re.compile(r"^CREATE (TABLE|TRIGGER|FUNCTION) (\w+)", re.MULTILINE)
_TABLES = ("table ", "partitioned table ")
_ENABLED = " fires O"
_WHY = "it can change what is written or read"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a schema.

    Attributes:
        table: the table it belongs to; empty for what belongs to the schema.
        like: the name under which tables of its kind are known.
        kind: such as ``column``, ``trigger`` or ``function``.
        name: within the schema; of partitions as if of their like.
        text: what the catalogue says of it.
    """

    table: str
    like: str
    kind: str
    name: str
    text: str

    def place(self, schema: str) -> str:
        """Return where it is, such as ``registry.alias trigger t``."""
        if not self.table:
            return f"{schema} {self.kind} {self.name}"
        at = f"{schema}.{self.table}"
        own = self.name.removeprefix(self.like).strip()
        return at if self.kind == "table" else f"{at} {self.kind} {own}".rstrip()


def parts_of(connection: Connection, schema: str, *, whole: bool) -> list[Part]:
    """Return the parts of a schema, as the catalogue has them; none when it is absent.

    Args:
        connection: of any role.
        schema: its name.
        whole: columns, constraints and indexes as well.
    """
    values = {"schema": schema, "whole": whole}
    found = connection.execute(sql(_PACKAGE, "structure"), values)
    return [Part(*row) for row in found.fetchall()]


def parts_made(
    connection: Connection, schemas: Mapping[str, str]
) -> dict[str, list[Part]]:
    """Return the parts of schemas that were made anew, under the live ones' names.

    Args:
        connection: of any role.
        schemas: projection name → the schema that was made.
    """
    return {
        name: [
            _renamed(part, made, name)
            for part in parts_of(connection, made, whole=True)
        ]
        for name, made in schemas.items()
    }


def differing(
    schema: str, live: Sequence[Part], made: Sequence[Part]
) -> list[IntegrityError]:
    """Return an error for each part that differs from a schema that was just made.

    Args:
        schema: its name, for the places.
        live: what it is made of.
        made: what a new one is made of.
    """
    wanted: dict[str, list[Part]] = {}
    for part in made:
        if part.kind not in _NEVER:
            wanted.setdefault(part.like, []).append(part)
    held: dict[str, list[Part]] = {like: [] for like in wanted if _is_alone(like)}
    for part in live:
        held.setdefault(part.table, []).append(part)
    errors: list[IntegrityError] = []
    for table, parts in held.items():
        like = parts[0].like if parts else table
        errors += _compared(schema, table, parts, wanted.get(like, []))
    return errors


def foreign(schema: str, live: Sequence[Part], text: str = "") -> list[IntegrityError]:
    """Return an error for each part that is plainly not of this program, or is absent.

    Columns, constraints and indexes are not compared: :func:`differing` does, but needs
    a schema that was just made.

    Args:
        schema: its name, for the places.
        live: what it is made of.
        text: the statements this program makes it with; without them only what no
            version of it makes is found.
    """
    plain = _plain(text)
    made = {(kind.lower(), name) for kind, name in _MADE.findall(text)}
    held = {(part.kind, _own(part)) for part in live}
    odd = [part for part in live if _is_foreign(part, schema, made, plain)]
    odd.sort(key=lambda part: part.kind != "table")
    errors = [_foreign(schema, part) for part in odd]
    for kind, name in sorted(made - held):
        place = f"{schema}.{name}" if kind == "table" else f"{schema} {kind} {name}"
        errors.append(_absent(place, f"{kind} {name}"))
    return errors


def added_to_system(connection: Connection) -> list[IntegrityError]:
    """Return an error for what was added to the functions that the server brings."""
    rows = connection.execute(sql(_PACKAGE, "system_additions")).fetchall()
    return [
        IntegrityError(
            f"{kind} {name} was added to those of the server: {_WHY}",
            place=f"pg_catalog {kind} {name}",
            expected="none",
            actual=f"{kind} {name}",
        )
        for kind, name in rows
    ]


def _is_alone(like: str) -> bool:
    """Whether there must be such a table; of partitions there may be any number."""
    return not like.endswith(" <partition>")


def _renamed(part: Part, made: str, name: str) -> Part:
    return replace(part, text=part.text.replace(made, name))


def _compared(
    schema: str, table: str, live: Sequence[Part], made: Sequence[Part]
) -> list[IntegrityError]:
    held = [part for part in live if part.kind == "table"]
    if table and not held:
        return [_absent(f"{schema}.{table}", "table")]
    if _is_exchanged(live) or (table and not made):
        return [_foreign(schema, part) for part in held]  # its parts say no more
    return list(_parts_compared(schema, table, _by_name(live), _by_name(made)))


def _parts_compared(
    schema: str,
    table: str,
    held: Mapping[tuple[str, str], Part],
    wanted: Mapping[tuple[str, str], Part],
) -> Iterator[IntegrityError]:
    for key, part in held.items():
        if part.kind in _NEVER or key not in wanted:
            yield _foreign(schema, part)
        elif part.text != wanted[key].text:
            yield _another(part.place(schema), wanted[key].text, part.text)
    for key, part in wanted.items():
        if key not in held:
            yield _absent(replace(part, table=table).place(schema), part.text)


def _is_exchanged(parts: Sequence[Part]) -> bool:
    return any(
        part.kind == "table" and not part.text.startswith(_TABLES) for part in parts
    )


def _by_name(parts: Sequence[Part]) -> dict[tuple[str, str], Part]:
    found: dict[tuple[str, str], Part] = {}
    for part in parts:
        key = (part.kind, part.name)
        known = found.get(key)
        if known is None:
            found[key] = part
        elif known.text != part.text:
            found[key] = replace(part, text=f"{known.text}; {part.text}")
    return found


def _own(part: Part) -> str:
    """Return the name of a part without its table's and without arguments."""
    if part.kind == "table":
        return part.table
    if part.kind == "function":
        return part.name.partition("(")[0]
    return part.name.removeprefix(part.like).strip() or part.name


def _is_foreign(
    part: Part, schema: str, made: Collection[tuple[str, str]], text: str
) -> bool:
    if part.kind == "inheriting":
        return part.text != "<partition>"
    if part.kind == "table":
        is_known = (part.kind, part.table) in made or not _is_alone(part.like)
        return bool(text and not is_known) or not part.text.startswith(_TABLES)
    if part.kind in {"trigger", "function"} and text:
        return _plain(part.text, schema) not in text
    return part.kind in _NEVER


def _plain(statement: str, schema: str = "") -> str:
    """Return a statement on one line, as it is written where its schema goes without.

    So the catalogue's words for a part can be looked for among the statements.
    """
    bare = statement.replace(f"{schema}.", "") if schema else statement
    bare = bare.removesuffix(_ENABLED).replace("OR REPLACE ", "")
    return " ".join(bare.replace("$function$", "$$").split())


def _foreign(schema: str, part: Part) -> IntegrityError:
    place = part.place(schema)
    if _is_exchanged([part]):
        found = part.text.partition(" granted")[0]
        words = f"{place}: a {found} where there must be a table: {_WHY}"
        return IntegrityError(words, place=place, expected="a table", actual=found)
    return IntegrityError(
        f"{place}: no schema of this program has it, and {_WHY}",
        place=place,
        expected="none",
        actual=part.text,
    )


def _another(place: str, expected: str, actual: str) -> IntegrityError:
    return IntegrityError(
        f"{place}: not as this program makes it, and {_WHY}",
        place=place,
        expected=expected,
        actual=actual,
    )


def _absent(place: str, expected: str) -> IntegrityError:
    return IntegrityError(
        f"{place}: this program makes it, and it is absent",
        place=place,
        expected=expected,
        actual="none",
    )
