"""Legacy files read as trees with places, or refused with one."""

from store.reading.dialects import Reading, readings, reread
from store.reading.files import Format, guess_format, read
from store.reading.item import Item, Kind, to_python
from store.reading.scalars import Misfit, as_bool_field, coerce, resolve

__all__ = [
    "Format",
    "Item",
    "Kind",
    "Misfit",
    "Reading",
    "as_bool_field",
    "coerce",
    "guess_format",
    "read",
    "readings",
    "reread",
    "resolve",
    "to_python",
]
