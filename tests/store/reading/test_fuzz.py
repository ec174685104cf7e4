"""Whatever the bytes, reading ends in an item or in a BadDocument."""

from __future__ import annotations

import json
import tomllib

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import BadDocument
from store.reading import Format, coerce, read, readings, resolve, to_python
from store.reading.item import Item
from store.reading.scalars import Field, Misfit

FORMATS = st.sampled_from(["yaml", "toml", "json"])
SEEDS = [
    b"a: &x {b: 1, <<: *x}\nc: [*x, 'q', \"d\\n\"]\n? k\n: |+\n  t\n\n# c\nd: !!int 5\n--- \n...\n",
    b"nodes:\n- id: n\n  host: 1.2.3.4 # c\nat: 2001-12-14 1:2:3\nf: 1e3\n",
    b'{"a": [1, -2.5e3, true, null, "\\ud83d\\ude00"], "b": {"c": "\\n"}}',
    b'a.b = 1\n[t."q"]\nx = \'\'\'l\'\'\'\ny = """m\\\n"""\n[[r]]\nd = 1979-05-27T07:32:00Z\n'
    b"f = {i = [1, 0xF, 1_0.5e3]}\n",
]
PIECES = [b"a", b": ", b"\n", b"  ", b"- ", b"{", b"}", b"[", b"]", b",", b"&x ", b"*x", b"<<: "]
PIECES += [b"'", b'"', b"|", b">", b"#", b"!", b"!!int ", b"%", b"?", b"=", b".", b'"""', b"'''"]
PIECES += [b"\\u", b"\\", b"---", b"...", b"\t", b"\r", b"\0", b"\xff", b"1e9", b"0x", b"~", b"_"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 8)))
        data = data[:at] + draw(st.sampled_from([b"", *PIECES])) + data[end:]
    return data


DOCUMENTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    mutated(),
)


@settings(max_examples=600, deadline=None)
@given(DOCUMENTS, FORMATS)
def test_an_item_or_a_refusal(data: bytes, format: Format) -> None:
    try:
        item = read(data, "f", format)
    except BadDocument as error:
        assert "\n" not in str(error)
        return
    assert isinstance(item, Item)
    to_python(item)
    if not item.entries:
        readings(item)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="+-.0123456789_abefnoxXBOTtZz:~= ,", max_size=14))
def test_every_plain_scalar_has_readings_and_coercions(text: str) -> None:
    kind, value = resolve(text)
    item = Item(kind, value, text=text, plain=True)
    readings(item)
    wants: list[Field] = ["int", "str", "bool", "float"]
    for want in wants:
        try:
            coerce(item, want)
        except Misfit as misfit:
            assert str(misfit).startswith("expected")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner,
        max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_json_reads_as_the_library_does(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert to_python(read(text.encode(), "f", "json")) == value


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join) | mutated())
def test_nothing_is_read_that_the_library_refuses(data: bytes) -> None:
    for format, library in (("toml", _toml), ("json", json.loads), ("yaml", _yaml)):
        try:
            read(data, "f", format)  # type: ignore[arg-type]
        except BadDocument:
            continue
        if data.strip(b" \t\r\n"):
            library(data.decode())


def _toml(text: str) -> object:
    return tomllib.loads(text)


def _yaml(text: str) -> object:
    return list(yaml.parse(text, Loader=yaml.CSafeLoader))
