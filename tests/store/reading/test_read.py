"""What each format reads as, where its values stand, and what is refused."""

from __future__ import annotations

import pytest

from store.errors import BadDocument
from store.reading import Format, Item, guess_format, read, to_python

YAML = b"""\
# a node
api:
  port: 8080   # trailing
nodes:
  - id: node1
    models: [a, "b"]
since: 2001-12-14
"""


def refusal(data: bytes, format: Format) -> BadDocument:
    with pytest.raises(BadDocument) as caught:
        read(data, "file", format)
    message = str(caught.value)
    assert message.startswith("file")
    assert "\n" not in message
    return caught.value


def place(item: Item) -> tuple[int, int]:
    return item.line, item.column


def key_place(item: Item) -> tuple[int, int]:
    return item.key_line, item.key_column


def test_yaml_values_and_places() -> None:
    root = read(YAML, "f", "yaml")
    assert to_python(root) == {
        "api": {"port": 8080},
        "nodes": [{"id": "node1", "models": ["a", "b"]}],
        "since": "2001-12-14T00:00:00Z",
    }
    port = root.entries["api"].entries["port"]
    assert (place(port), key_place(port), port.text, port.plain) == ((3, 9), (3, 3), "8080", True)
    models = root.entries["nodes"].elements[0].entries["models"]
    assert place(models.elements[1]) == (6, 17)
    assert not models.elements[1].plain
    assert root.entries["since"].text == "2001-12-14"


def test_aliases_have_their_own_place() -> None:
    root = read(b"a: &x {k: 1}\nb: *x\n*x2 : 1\n".replace(b"*x2 ", b"c "), "f", "yaml")
    assert to_python(root.entries["b"]) == {"k": 1}
    assert place(root.entries["b"]) == (2, 4)


def test_repeated_anchors_mean_the_latest_as_in_go() -> None:
    root = read(b"a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "f", "yaml")
    assert to_python(root) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_alias_as_key() -> None:
    assert to_python(read(b"a: &x k\n*x : 1\n", "f", "yaml")) == {"a": "k", "k": 1}
    assert to_python(read(b"&x k: 1\nb: *x\n", "f", "yaml")) == {"k": 1, "b": "k"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {<<: *d, x: 9}", {"x": 9, "y": 2}),
        ("a: {x: 9, <<: *d}", {"x": 9, "y": 2}),
        ("a: {<<: [*e, *d]}", {"x": 3, "y": 2}),
        ("a: {<<: {x: 7, <<: *d}}", {"x": 7, "y": 2}),
        ("a: {!!merge <<: *d}", {"x": 1, "y": 2}),
        ('a: {"<<": 5}', {"<<": 5}),
        ("a: {x: ~, <<: *e}", {"x": None}),
    ],
)
def test_merge_keys(text: str, expected: object) -> None:
    document = f"d: &d {{x: 1, y: 2}}\ne: &e {{x: 3}}\n{text}\n"
    assert to_python(read(document.encode(), "f", "yaml").entries["a"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!!str 017", "017"),
        ("!!int '5'", 5),
        ("!!float 5", 5.0),
        ("!!null ''", None),
        ("! 5", 5),
        ("!!map {}", {}),
        ("!!seq []", []),
        ("!!timestamp '2001-12-14'", "2001-12-14T00:00:00Z"),
    ],
)
def test_known_tags(text: str, expected: object) -> None:
    assert to_python(read(f"a: {text}".encode(), "f", "yaml")) == {"a": expected}


BOMB = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGE_BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40)
)
STAIRS = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 70))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\n1: 2\n'1': 3", (3, 1), "the key '1' is already defined in line 2"),
        ("x:\n  a: 1\n  a: 2", (3, 3), "already defined in line 2"),
        ("a: {<<: {}, <<: {}}", (1, 13), "the key '<<' is already defined"),
        ("a: 1\n---\nb: 1", (2, 1), "a second document begins here"),
        ("a: !foo 1", (1, 4), "a tag of its own is unknown"),
        ("a: !!binary aGk=", (1, 4), "is unknown"),
        ("a: !!set {x}", (1, 4), "is unknown"),
        ("a: !!seq {}", (1, 4), "is unknown"),
        ("a: !!int x", (1, 4), "does not fit its tag: expected int, found text"),
        ("a: &a [*a]", (1, 8), "stands inside its own anchor"),
        ("a: *b", (1, 4), "an alias has no anchor before it"),
        ("[a]: 1", (1, 1), "cannot be a key"),
        ("a: &x [1]\n*x : 1", (2, 1), "cannot be a key"),
        ("a: {<<: 5}", (1, 9), "<< takes a mapping"),
        ("l: &l [{}]\na: {<<: *l}", (2, 9), "<< takes a mapping"),
        (BOMB, (6, 14), "more than 250,000 values"),
        (MERGE_BOMB, (16, 23), "more than 250,000 values"),
        (STAIRS, (64, 12), "deeper than 64 levels"),
        ("[" * 65, (1, 65), "deeper than 64 levels"),
        ("[" * 100_000, (1, 65), "deeper than 64 levels"),
        ("- " * 100_000, (1, 129), "deeper than 64 levels"),
        ("a:\n\tb: 1", (2, 1), "Indent with spaces"),
        ("a: b: c", (1, 5), "not YAML: mapping values are not allowed"),
        ("a: 1\nb: 'x", (2, 6), "not YAML: found unexpected end of stream"),
        ("a: \ufffe", (1, 4), "the character U+FFFE is not allowed"),
        ('a: "\\0"', (1, 4), "NUL"),
        ('a: "\\ud83d"', (1, 7), "not YAML"),
        ("a: \x1b[1m", (1, 4), "the control character U+001B"),
        ("a: 1\r\nb: \x00", (2, 4), "the control character U+0000"),
        ("\ufeff\ufeffa: 1", (1, 1), "U+FEFF"),
    ],
)
def test_yaml_refusals(text: str, place: tuple[int, int], words: str) -> None:
    error = refusal(text.encode(), "yaml")
    assert words in str(error)
    assert (error.line, error.column) == place


def test_64_levels_are_allowed() -> None:
    for format in ("yaml", "json"):
        read(b"[" * 64 + b"]" * 64, "f", format)


@pytest.mark.parametrize("format", ["yaml", "toml", "json"])
def test_bytes_that_are_refused_in_every_format(format: Format) -> None:
    error = refusal(b"a\nb\xc3\xa9 \xff", format)
    assert "the byte 0xFF is not UTF-8" in str(error)
    assert (error.line, error.column) == (2, 4)
    for encoding in ("utf-16", "utf-16-be", "utf-16-le"):
        data = "\ufeffa = 1".encode(encoding)
        assert "UTF-16" in str(refusal(data, format))
    limit = 2**20 if format == "toml" else 16 * 2**20
    assert f"the limit is {limit:,}" in str(refusal(b" " * (limit + 1), format))


@pytest.mark.parametrize("format", ["yaml", "toml", "json"])
@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"])
def test_empty_files_are_null(format: Format, data: bytes) -> None:
    assert read(data, "f", format) == Item("null", None)


def test_yaml_of_comments_only_is_null() -> None:
    assert read(b"# nothing\n", "f", "yaml").kind == "null"


def test_json_values_and_places() -> None:
    text = '\ufeff{"a": [1, 2.50, "x"],\n "é": {"t": true, "n": null},\n "s": "\\ud83d\\ude00"}'
    root = read(text.encode(), "f", "json")
    assert to_python(root) == {
        "a": [1, 2.5, "x"],
        "é": {"t": True, "n": None},
        "s": "\U0001f600",
    }
    assert root.entries["a"].elements[1].text == "2.50"
    assert place(root.entries["a"].elements[1]) == (1, 11)
    inner = root.entries["é"].entries["n"]
    assert (place(inner), key_place(inner), inner.kind) == ((2, 24), (2, 19), "null")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"a": NaN}', (1, 7), "NaN is no value"),
        ("[-Infinity]", (1, 2), "-Infinity is no value"),
        ('{"a": {"b": 1,\n "b": 2}}', (2, 2), "the key 'b' is already defined in line 1"),
        ('{"a": 1,}', (1, 9), "expected a key in double quotes, found '}'"),
        ("[1,]", (1, 4), "expected a value"),
        ("[1 2]", (1, 4), "expected ',' or ']'"),
        ('{"a" 1}', (1, 6), "expected ':'"),
        ("{'a': 1}", (1, 2), "expected a key in double quotes"),
        ("1 2", (1, 3), "follows the value"),
        ("[1", (1, 3), "the end of the file"),
        ("[01]", (1, 3), "expected ',' or ']'"),
        ('["\\ud83d"]', (1, 2), "half of a surrogate pair"),
        ('["\\u0000"]', (1, 2), "NUL"),
        ('["a\nb"]', (1, 2), "not closed"),
        ('["\\x"]', (1, 2), "bad escape"),
        ("[1e999]", (1, 2), "too large"),
        ("9" * 5000, (1, 1), "digits"),
        ("[" * 100_000, (1, 65), "deeper than 64 levels"),
        ("[" + "1," * 250_000 + "1]", (1, 500_000), "more than 250,000 values"),
        ('{"a": 1} // c', (1, 10), "follows the value"),
    ],
)
def test_json_refusals(text: str, place: tuple[int, int], words: str) -> None:
    error = refusal(text.encode(), "json")
    assert words in str(error)
    assert (error.line, error.column) == place


TOML = b"""\
title = "x"  # [not.a.header]
a.b = 0x10
text = '''
fake = 1
'''
[net]
"retry.max" = [
  1, # comment
  2,
]
when = 2025-10-22T09:30:00Z
day = 2025-10-22
[[nodes]]
id = "one"
[nodes.limits]
ratio = 1_0.50
[[nodes]]
id = 'two'
point = {x = 1, y = inf}
"""


def test_toml_values_and_places() -> None:
    root = read(TOML.replace(b"\n", b"\r\n"), "f", "toml")
    found = to_python(root)
    assert found["a"] == {"b": 16}
    assert found["net"]["retry.max"] == [1, 2]
    assert found["nodes"][0] == {"id": "one", "limits": {"ratio": 10.5}}
    assert found["nodes"][1]["point"] == {"x": 1, "y": float("inf")}
    assert root.entries["net"].entries["when"] == Item(
        "time", "2025-10-22T09:30:00Z", 11, 1, "2025-10-22T09:30:00Z", False, 11, 1
    )
    assert root.entries["net"].entries["day"].value == "2025-10-22"
    assert place(root.entries["a"].entries["b"]) == (2, 1)
    assert place(root.entries["text"]) == (3, 1)
    assert place(root.entries["net"].entries["retry.max"]) == (7, 1)
    one, two = root.entries["nodes"].elements
    assert place(one.entries["id"]) == (14, 1)
    assert place(one.entries["limits"].entries["ratio"]) == (16, 1)
    assert one.entries["limits"].entries["ratio"].text == "1_0.50"
    assert place(two.entries["point"].entries["x"]) == (19, 1)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a = 1\nb = \n", (2, 5), "not TOML: invalid value"),
        ("a = 1\na = 2\n", (2, 6), "cannot overwrite a value"),
        ('a = "x', (1, 1), "unterminated string"),
        ('a = "\\u0000"', (1, 1), "NUL"),
        ("a" + ".a" * 20_000 + " = 1", (1, 32), "more than 16 parts"),
        ("x = {a" + ".a" * 20_000 + " = 1}", (1, 37), "more than 16 parts"),
        ("[a" + ".a" * 20_000 + "]", (1, 33), "more than 16 parts"),
        ("a = " + "[" * 100_000, (1, 69), "deeper than 64 levels"),
        ("a = " + "9" * 5000, (0, 0), "too many digits"),
        ('"""\\' * 50_000, (1, 3), "not TOML"),
        ("a = [\n" + "1,\n" * 250_000 + "]", (1, 1), "more than 250,000 values"),
    ],
)
def test_toml_refusals(text: str, place: tuple[int, int], words: str) -> None:
    error = refusal(text.encode(), "toml")
    assert words in str(error)
    assert (error.line, error.column) == place


def test_toml_dots_inside_text_are_no_key() -> None:
    dotted = "x" + ".x" * 500
    text = f'a = "{dotted}" # {dotted}\nb = """{dotted}"""\n'
    assert to_python(read(text.encode(), "f", "toml")) == {"a": dotted, "b": dotted}


def test_toml_depth_is_checked_across_headers_and_keys() -> None:
    header = ".".join("abcdefghijklmnop")
    text = f"[{header}]\n{header} = " + "[" * 40 + "]" * 40
    assert "deeper than 64 levels" in str(refusal(text.encode(), "toml"))


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.YML", b"", "yaml"),
        ("a.toml", b"{", "toml"),
        ("x/a.json", b"", "json"),
        ("conf", b"# c\n[section.x]  # c\na = 1", "toml"),
        ("conf", b"a.b = 1", "toml"),
        ("conf", b"\xef\xbb\xbf{", "json"),
        ("conf", b'[\n {"a": 1}]', "json"),
        ("conf", b"a: 1", "yaml"),
        ("conf", b"url: x?a=b", "yaml"),
        ("conf", b"\xff\xfe", "yaml"),
        ("conf", b"", "yaml"),
    ],
)
def test_guess_format(name: str, data: bytes, expected: str) -> None:
    assert guess_format(name, data) == expected
