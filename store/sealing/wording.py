"""How a secret stands in text and in the log, for Python and for SQL alike; no cryptography here.

Sealed text is ``sealed:v1:<key id>:<base64>``. A secret that stands in clear is told as the mask,
with ``#N`` behind it once it was written over N times, so that each change of it differs from the
one before; ``@ID`` stands in the log's older rows, from which a clear value was taken away.
"""

from __future__ import annotations

import re
from typing import Any, Final

from store.codec import MASK

VERSION: Final = "v1"
PREFIX: Final = f"sealed:{VERSION}:"
KEY_ID_LENGTH: Final = 16
_SEALED: Final = re.compile(
    rf"{PREFIX}(?P<key_id>[0-9a-f]{{{KEY_ID_LENGTH}}}):(?P<data>[A-Za-z0-9+/]+=*)"
)
_COVERED: Final = re.compile(r"\*{8}(?:[#@]\d+)?")
_GLOB: Final = f"{PREFIX}{'[0-9a-f]' * KEY_ID_LENGTH}:*"
_DATA_AT: Final = len(PREFIX) + KEY_ID_LENGTH + 2


def parsed(stored: Any) -> tuple[str, str] | None:
    """The key id and the base64 of sealed text, None for anything else."""
    if not (isinstance(stored, str) and stored.startswith(PREFIX)):
        return None
    found = _SEALED.fullmatch(stored)
    return (found["key_id"], found["data"]) if found else None


def is_sealed(stored: Any) -> bool:
    """Whether a value has the form of sealed text."""
    return parsed(stored) is not None


def is_covered(stored: Any) -> bool:
    """Whether a value is the mask, plain or as the log marks it."""
    if not (isinstance(stored, str) and stored.startswith(MASK)):
        return False
    return _COVERED.fullmatch(stored) is not None


def shown(value: Any) -> Any:
    """A value as a document has it: the mask where it is sealed or stands in clear unseen."""
    return MASK if is_sealed(value) or is_covered(value) else value


def sealed_sql(column: str, *, as_json: bool = False) -> str:
    """SQL for whether a column holds sealed text, bare or as a JSON string."""
    quote, skipped = ('"', 1) if as_json else ("", 0)
    data = f"substr({column},{_DATA_AT + skipped},length({column})-{_DATA_AT + 2 * skipped - 1})"
    return (
        f"(typeof({column})='text' AND {column} GLOB '{quote}{_GLOB}{quote}'"
        f" AND NOT instr({column},char(0)) AND {data} NOT GLOB '*[^A-Za-z0-9+/=]*')"
    )


def covered_sql(path: str) -> str:
    """SQL for the text that the log has for a secret in clear; ``path`` is SQL for its entity's."""
    mark = f"(SELECT '#'||mark FROM secret_marks WHERE secret_marks.path={path})"
    return f"'{MASK}'||coalesce({mark},'')"


def marking_sql(path: str) -> str:
    """Statements that count one more change of a secret in clear.

    Two plain statements: inside a trigger an upsert would take over the outer statement's
    conflict policy.
    """
    return (
        f" UPDATE secret_marks SET mark=mark+1 WHERE secret_marks.path={path};"
        f" INSERT INTO secret_marks(path,mark) SELECT {path},1"
        f" WHERE NOT EXISTS (SELECT 1 FROM secret_marks WHERE secret_marks.path={path});"
    )
