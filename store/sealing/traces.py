"""Where a value that is sealed by now still stands in clear in the same database."""

from __future__ import annotations

import json
from collections.abc import Iterator

from store.database import Database

# shorter texts are found everywhere by chance
_SHORTEST = 6


def find(db: Database, value: str) -> Iterator[str]:
    """A sentence for each column of a table that holds a text, bare or as JSON writes it.

    Texts of less than six characters are not looked for.
    """
    if len(value) < _SHORTEST:
        return
    escaped = json.dumps(value, ensure_ascii=False)[1:-1]
    tables = db.rows(
        "SELECT name FROM sqlite_master WHERE type='table' AND name NOT GLOB 'sqlite_*'"
    )
    for (table,) in tables:
        for column in db.rows("SELECT name FROM pragma_table_info(?)", (table,)):
            name = f'"{column[0]}"'
            query = f'SELECT count(*) FROM "{table}" WHERE instr({name},?) OR instr({name},?)'
            count = db.value(query, (value, escaped))
            if count:
                rows = "1 row" if count == 1 else f"{count:,} rows"
                yield f"The same value stands in clear in {rows} of {table}.{column[0]}."
