"""Which values are secrets, decided in one place from names and values, and how they are shown.

A value is a secret as a whole by its own name (``api_key``, ``dbpassword``), by the name of what
holds it (``passwords: {admin: x}``) or by its look (a private key in PEM, a provider's token). Such
a value never enters the database by nodedeck's hand, and is shown as the mask.

Text may also have a secret inside: a URL's password or ``?token=``, a command's ``--api-key X``,
``PASSWORD=x``. Of such a text that part alone is masked, so that host and flags stay readable.
Settings and parameters that have one are refused or stay in their file like any secret. A node's
fields and the upgrade plan's binaries are the exception: the daemon needs them as they are, so they
are stored in clear and masked wherever they are shown.

What the audit log holds: its triggers copy whole rows and cannot call this module, so the clear
text of a node's fields and of binaries stands in ``audit_log``, as it does of any row that another
program writes, save settings flagged secret. It is masked whenever it is shown. The database file,
its backups and the log are therefore as secret as what stands in their tables: they are 0600.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from store.codec import MASK, shown
from store.errors import UsageError
from store.paths import Kind, split
from store.sealing import wording
from store.secret_names import is_secret_name, names_secret, words

_IN_A_QUERY: Final = frozenset(("key", "sig", "signature", "auth", "jwt", "code", "credential"))
_AUTHORIZATION: Final = "authorization"
_LONG_USER: Final = 20
_QUOTED: Final = 80

# a public key in the same armour may be read by everybody
_ARMOURED: Final = "-----BEGIN "
_ARMOUR: Final = re.compile(rf"{_ARMOURED}(?!(?:[A-Z0-9]+ )*PUBLIC KEY)")
_KNOWN: Final = re.compile(
    r"\b(?:sk-(?=[\w-]{0,99}\d)[\w-]{20,}|hf_\w{16,}|gh[opsru]_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}\b|eyJ[\w-]{8,300}\.[\w-]{8,}\.[\w-]*)"
)
# a port is told from a password, which may hold a slash, by its digits; lengths are bounded
# everywhere, so that no text takes longer than its length deserves
_USER: Final = re.compile(
    r"(?<![\w+.-])([A-Za-z][\w+.-]{0,30}://)([^\s:/?#@]{0,500})"
    r"(:(?!\d+(?:[/?#]|$))\S{1,500})?(?=@)"
)
_QUERY: Final = re.compile(r"([?&;#])([^\s=&;?#]{1,80})=([^\s&#]+)")
_FLAG: Final = re.compile(r"(?<!\S)(--?)([A-Za-z][\w.-]{0,80})(=|\s+(?!-))(\"[^\"]*\"|'[^']*'|\S+)")
_ASSIGNED: Final = re.compile(
    r"(?<![\w?&;#-])([A-Za-z_][\w.-]{0,80})(\s*=\s*|[\"']\s*:\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&\"'}\[{]+)"
)
_HEADER: Final = re.compile(r"([A-Za-z][\w.-]{0,80})(:\s+(?:(?i:bearer|basic)\s+)?)(\S+)")
_IS_FLAG: Final = re.compile(r"--?([A-Za-z][\w.-]{0,80})")
# no text without one of these has a secret inside
_SUSPECT: Final = re.compile(r"[=@:]|-\w|_|eyJ|AKIA")


def is_secret(parts: Sequence[str], value: Any) -> bool:
    """Whether a leaf is a secret, or a text with one inside; no number is, and no empty text."""
    return _changes(parts, value, _text)


def holds_secret(parts: Sequence[str], value: Any) -> bool:
    """Whether a value is a secret, or has one anywhere below."""
    return is_secret(parts, value)


def unfit(kind: Kind, parts: Sequence[str], value: Any) -> bool:
    """Whether a value must not be stored in clear in the table of its kind.

    The daemon's own columns take a text with a secret inside; none takes what is one as a whole.
    """
    if kind not in (Kind.NODE, Kind.UPGRADE):
        return holds_secret(parts, value)
    return _changes(parts, value, _untouched)


def masked(parts: Sequence[str], value: Any) -> Any:
    """A value and all below it as they may be shown; ``parts`` is the path of the value."""
    return _masked(tuple(parts), value, MASK, _text)


def told(path: str, value: Any) -> str:
    """A value as an error about its path may quote it: masked, and at most 80 characters of it."""
    try:
        parts = split(path)
    except UsageError:  # of a foreign writer's making
        parts = (path,)
    return repr(shown(masked(parts, value))[:_QUOTED])


def shows_mask(value: Any) -> bool:
    """Whether a value has the mask in it, so that its clear text is not all there."""
    if isinstance(value, dict):
        return any(map(shows_mask, value.values()))
    if isinstance(value, list | tuple):
        return any(map(shows_mask, value))
    return isinstance(value, str) and MASK in value


def restored(parts: Sequence[str], value: Any, present: Any) -> Any:
    """A value that was shown with masks, with what stands there now in their place.

    A leaf that differs otherwise stays as it is, its masks included: ``shows_mask`` tells.
    """
    if isinstance(value, dict):
        now = present if isinstance(present, dict) else {}
        return {
            name: restored((*parts, str(name)), below, now.get(name))
            for name, below in value.items()
        }
    if present is not None and shows_mask(value) and masked(parts, present) == value:
        return present
    return value


_Scrub = Callable[[str, str], str]
# stands in for the mask where a text that shows one already must not look as if it had no secret
_OTHER: Final = "\0"


def _changes(parts: Sequence[str], value: Any, scrub: _Scrub) -> bool:
    found = _masked(tuple(parts), value, _OTHER, scrub)
    return found is not value and bool(found != value)


def _masked(parts: tuple[str, ...], value: Any, mask: str, scrub: _Scrub) -> Any:
    if isinstance(value, dict):
        return {
            name: _masked((*parts, str(name)), below, mask, scrub) for name, below in value.items()
        }
    if isinstance(value, list | tuple):
        if any(isinstance(item, dict | list | tuple) for item in value):
            # the elements of the legacy file's node list stand where ids do in a path
            inside = (*parts, "") if parts == ("nodes",) else parts
            return type(value)(_masked(inside, item, mask, scrub) for item in value)
        if any(_is_whole(parts, item) for item in value):
            return mask
        return type(value)(_arguments(value, mask, scrub))
    if _is_whole(parts, value):
        return mask
    return scrub(value, mask) if isinstance(value, str) else value


def _is_whole(parts: tuple[str, ...], value: Any) -> bool:
    """Whether a text is a secret from its first letter to its last, or stands for one."""
    if not isinstance(value, str) or not value:
        return False
    if value != MASK and (wording.is_sealed(value) or wording.is_covered(value)):
        return True  # as the log tells of secrets
    return names_secret(parts) or bool(_ARMOURED in value and _ARMOUR.search(value))


def _arguments(items: Sequence[Any], mask: str, scrub: _Scrub) -> list[Any]:
    """A command's words: what follows a secret's flag is one, up to the next flag."""
    shown: list[Any] = []
    hiding = False
    for item in items:
        if not isinstance(item, str) or scrub is _untouched:
            shown.append(item)
        elif flag := _IS_FLAG.fullmatch(item):
            hiding = is_secret_name(flag[1])
            shown.append(item)
        elif hiding and item and not item.startswith("--"):
            shown.append(mask)
        else:
            hiding = False
            shown.append(scrub(item, mask))
    return shown


def _untouched(text: str, _mask: str) -> str:
    return text


def _text(text: str, mask: str) -> str:
    """A text with the secrets inside it masked."""
    if not _SUSPECT.search(text):
        return text

    def user(found: re.Match[str]) -> str:
        scheme, name, password = found.groups()
        if password is None:  # where nobody needs a password, the name is a token
            alone = name and scheme.lower() in ("http://", "https://")
            return f"{scheme}{mask if alone else name}"
        return f"{scheme}{mask if len(name) > _LONG_USER else name}:{mask}"

    def parameter(found: re.Match[str]) -> str:
        name = unquote(found[2])
        if is_secret_name(name) or not _IN_A_QUERY.isdisjoint(words(name)[-1:]):
            return f"{found[1]}{found[2]}={mask}"
        return found[0]

    def flag(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{found[3]}{mask}" if is_secret_name(found[2]) else found[0]

    def assigned(found: re.Match[str]) -> str:
        if not (is_secret_name(found[1]) or found[1].lower() == _AUTHORIZATION):
            return found[0]
        quote = found[3][0] if found[3][0] in "\"'" else ""
        return f"{found[1]}{found[2]}{quote}{mask}{quote}"

    if "://" in text and "@" in text:
        text = _USER.sub(user, text)
    if "=" in text:
        text = _QUERY.sub(parameter, text)
    if "-" in text:
        text = _FLAG.sub(flag, text)
    text = _ASSIGNED.sub(assigned, text)
    if header := _HEADER.fullmatch(text):
        text = assigned(header)
    return _KNOWN.sub(mask, text)
