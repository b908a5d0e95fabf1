"""MLflow's ``order_by``: strict parsing into what is sorted by; pure, no database here.

::

    metrics.auc DESC, attributes.start_time, tags.`a b` ASC

Names are those of :mod:`projections.registry.filters`; one that stands alone is an
attribute. ``ASC`` is meant where nothing is said. Metrics and numeric attributes are
sorted as numbers, all else by its characters. What has no such value comes last in
either direction, and just before it what is not a number (NaN), as in MLflow.

Source: MLflow, "Search Runs", ``order_by``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import InvalidEventError
from projections.registry.filter_words import Kind, Reader, Scope

if TYPE_CHECKING:
    from projections.registry.filters import Condition

MAX_ORDERS = 10
_EXAMPLE = "such as: metrics.auc DESC, start_time"


@dataclass(frozen=True, slots=True)
class Order:
    """What is sorted by.

    Attributes:
        scope: attributes, tags, params or metrics.
        key: name of the attribute, tag, parameter or metric.
        is_number: sorted as a number, not by its characters.
        is_descending: largest first.
    """

    scope: Scope
    key: str
    is_number: bool = False
    is_descending: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return it as the statements of :mod:`projections.registry.search` read it."""
        return {
            "scope": self.scope,
            "key": self.key,
            "is_number": self.is_number,
            "is_descending": self.is_descending,
        }


def parse_orders(text: str, *, attributes: Mapping[str, Kind]) -> list[Order]:
    """Parse an order.

    Args:
        text: names with ``ASC`` or ``DESC``, separated by commas; may be empty.
        attributes: attribute → whether it is sorted as text or as a number.

    Raises:
        InvalidEventError: it is not of that language; names the place.
    """
    reader = Reader(text, attributes, what="order_by", hint=_EXAMPLE)
    orders: list[Order] = []
    while reader.peek() is not None or orders:
        orders.append(_order(reader, orders))
        token = reader.peek()
        if token is None:
            break
        reader.take(",")
        if token.text != ",":
            raise reader.error(token, "orders are separated by commas")
    if len(orders) > MAX_ORDERS:
        raise InvalidEventError(f"order_by: more than {MAX_ORDERS} names")
    return orders


def _order(reader: Reader, before: list[Order]) -> Order:
    scope, key, start = reader.identifier()
    if any((one.scope, one.key) == (scope, key) for one in before):
        raise reader.error(start, f"{key} is sorted by twice")
    token, is_descending = reader.peek(), False
    if token is not None and token.text.upper() in {"ASC", "DESC"}:
        is_descending = reader.take("ASC or DESC").text.upper() == "DESC"
    return Order(scope, key, reader.is_number(scope, key), is_descending)


def require_of_models(conditions: Sequence[Condition], orders: Sequence[Order]) -> None:
    """Refuse what no model has: parameters and metrics are of runs and versions.

    Raises:
        InvalidEventError: names the condition or the order.
    """
    for one in (*conditions, *orders):
        if one.scope in {"params", "metrics"}:
            raise InvalidEventError(
                f"{one.scope}.{one.key}: a model has attributes and tags alone",
                hint="runs and versions have them: mlledger run ls --filter …, "
                "mlledger query search_versions",
            )
