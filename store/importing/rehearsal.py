"""The rehearsal: a plan carried out on a copy, whose export must give the file back.

It goes the whole way round, by other means than the plan's own: written as the import writes,
exported as YAML text, read again as a legacy file is read, and compared leaf by leaf with the file.
Secrets are sealed in the copy with the key of this user, opened again, and compared in memory.
Of a document that is larger than a legacy file may be, the exported leaves themselves are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from store import codec, database, documents, export, files, masks, paths
from store.database import Database
from store.documents import Document
from store.errors import NodedeckError, SecretError
from store.importing import plan as planning
from store.importing import writing
from store.importing.fields import leaves_of
from store.importing.leaves import same
from store.importing.mending import Mended
from store.importing.plan import Action, Plan, Role, Source
from store.importing.progress import Course, Phase
from store.importing.rows import Seal
from store.importing.scratch import Scratch
from store.importing.storing import store
from store.importing.walking import Candidate, walk
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import join
from store.reading import Item, read, to_python
from store.sealing import keyfile, places
from store.sealing.places import State
from store.sealing.vault import Vault
from store.static_file import is_dynamic
from store.static_layer import StaticFile

_IMPORTED: Final = (Action.ADD, Action.CHANGE, Action.EQUAL)
_SHOWN: Final = 3
# leaves of a document whose text is well below the limits that readers keep against bombs
_READABLE: Final = 10_000


def rehearse(
    approved: Plan, locations: Locations, *, actor: str, course: Course | None = None
) -> int:
    """Try a plan on a private copy of the database; how many leaves came back as the file has them.

    Raises NodedeckError, naming them, where leaves did not, and whatever the real run would raise.
    """
    course = course or Course()
    with _scratch(approved, locations) as db:
        manager = ConfigManager(db, locations.config, actor=actor, master_key=locations.master_key)
        if approved.seals:
            _lend_key(manager, locations.database)
        with db.writing():
            for some in course.batches(Phase.REHEARSAL, approved.writes):
                store(db, some)
            manager.seal_imported(approved.seals, "rehearsal")
        shut = _shut(manager, approved.seals)
        with db.reading():
            document = Document(documents.database_tree(db), StaticFile(locations.config))
        back = codec.leaves(document.tree)
        if len(back) <= _READABLE:
            back = _read_again(document) or back
        back |= _beside_document(manager)
        course.check()
    wanted = [row for row in approved.rows if row.action in _IMPORTED and _holds(row.value)]
    lost = [*shut, *(row.path for row in wanted if not _came_back(row, back))]
    if lost:
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        raise NodedeckError(
            f"The rehearsal on a copy did not give back {', '.join(lost[:_SHOWN])}{more} as"
            f" {approved.source.path} has it; nothing was changed.",
            hint="Leave these keys out of the file, and set them afterwards.",
        )
    return len(wanted) + len(approved.seals)


def empty(plan: Plan) -> int:
    """How many leaves that go into the database hold nothing, and so are in no export."""
    return sum(row.action in _IMPORTED and not _holds(row.value) for row in plan.rows)


def _lend_key(manager: ConfigManager, live: Path) -> None:
    """Have a spare key at hand where the real run would make one; raises what that would raise."""
    if keyfile.ring(manager.master_key).present is None:
        keyfile.refuse_beside(manager.master_key, live)
        manager.spare_key = keyfile.throwaway()


def _shut(manager: ConfigManager, seals: Sequence[Seal]) -> list[str]:
    """The paths of sealed values that do not open to what the file has; no value is told."""
    opener = Vault(manager.database, manager.master_key, spare=manager.spare_key)
    return [seal.path for seal in seals if not _opens(opener, seal)]


def _opens(opener: Vault, seal: Seal) -> bool:
    with opener.db.reading():
        sealed = places.find(opener.db, places.at(seal.path))
        try:
            return sealed.state is State.SEALED and same(opener.open(sealed), seal.value)
        except SecretError:
            return False


@contextmanager
def _scratch(approved: Plan, locations: Locations) -> Iterator[Scratch]:
    """The database as it is now, which is as the plan saw it, where nothing touches it."""
    if not files.exists(locations.database) or database.blank(locations.database):
        writing.check_unmoved(None, approved)
        db = Scratch(locations, None)
    else:
        with closing(Database(locations.database, read_only=True)) as live, live.reading():
            writing.check_unmoved(live, approved)
            db = Scratch(locations, live)
    with closing(db):
        yield db


def _beside_document(manager: ConfigManager) -> dict[str, Any]:
    """The leaves of profiles and flags, which no export has."""
    found: dict[str, Any] = {}
    for profile in manager.profiles():
        found |= codec.leaves_at(profile.path, profile.values)
    for flag in manager.flags():
        rule = list(flag.rule) if isinstance(flag.rule, tuple) else flag.rule
        found |= codec.leaves_at(paths.join(paths.FLAGS_ROOT, flag.name), rule)
    return found


def _read_again(document: Document) -> dict[str, Any] | None:
    """The leaves of the export read as a file is, None where no file can say all there is.

    What another program left in the database is no concern of an import beside it.
    """
    try:
        return _leaves(export.as_yaml(export.exported(document, mask=False)).encode())
    except NodedeckError:
        return None


def _leaves(text: bytes) -> dict[str, Any]:
    """Every leaf of an exported document by its path, read as a legacy file is."""
    root = read(text, "the export", "yaml")
    source = Source(Path("export.yaml"), text, "yaml", root, Role.NODE_CONFIG)
    dynamic: dict[str, Item] = {}
    found: dict[str, Any] = {}
    for name, item in root.entries.items():
        if is_dynamic(name):
            dynamic[name] = item
        else:
            found |= {join(*at): to_python(leaf) for at, leaf in leaves_of(item, (name,))}
    for step in walk(source, Mended(Item("map", dynamic)), {}).steps:
        if isinstance(step, Candidate):
            found |= codec.leaves_at(step.path, step.value)
        else:
            found[step.path] = step.value
    return found


def _came_back(row: planning.Row, back: dict[str, Any]) -> bool:
    if row.path not in back:
        return False
    value = back[row.path]
    # a plan's rows are masked
    return same(row.value, value) or same(row.value, masks.masked(paths.split(row.path), value))


def _holds(value: Any) -> bool:
    """Whether a leaf is one that an export shows: nothing at all is no key there."""
    return value is not None and value not in ([], {})
