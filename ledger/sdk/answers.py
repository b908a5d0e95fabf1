"""The class that an answer is, where the answer itself says it.

What is recorded of a decision is a class or bucket, never a person's exact score and
never free text. So an answer counts as its own class only if it is a flag, a number
that counts classes, or a short label; of anything else the user says what it means.
"""

from __future__ import annotations

from enum import Enum

from ledger.sdk.decision_fields import usual

LONGEST_LABEL = 32
_MOST_WORDS, _MOST_DIGITS, _MOST_CLASSES = 3, 4, 100
ADVICE = (
    "decisions of %s are recorded without their answer, a %s: say which class or "
    "bucket it is, as in decision(output=lambda r: 'high' if r > 0.5 else 'low')"
)


def class_of(answer: object) -> str | None:
    """Return a plain answer as the text that is recorded, None for any other.

    Plain are flags, whole numbers from -99 to 99, members of an enumeration with such a
    value, and labels: at most 32 printable characters in one to three words, with at
    most four digits and no ``@``. Numpy's scalars count as Python's.
    """
    value = usual(answer.value if isinstance(answer, Enum) else answer)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(int(value)) if abs(value) < _MOST_CLASSES else None
    return str(value) if isinstance(value, str) and _is_label(value) else None


def _is_label(text: str) -> bool:
    return (
        len(text) <= LONGEST_LABEL
        and text.isprintable()
        and 1 <= len(text.split()) <= _MOST_WORDS
        and sum(map(str.isdecimal, text)) <= _MOST_DIGITS
        and "@" not in text
    )
