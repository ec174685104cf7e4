"""``nodedeck schema``: what settings may hold, as a JSON Schema declares it."""

from __future__ import annotations

from pathlib import Path

import click

from store import codec, files
from store.errors import InvalidValue
from store.reading import guess_format, read, to_python
from store.settings_rules import Rule
from tui import output
from tui.verbs import common
from tui.verbs.asking import answer_options, confirm


@click.group(
    cls=common.VerbGroup,
    name="schema",
    examples=(
        "nodedeck schema load settings-schema.json",
        "nodedeck schema load router.json --service router",
        "nodedeck schema list router",
    ),
)
def group() -> None:
    """Declare what settings may hold: types, limits, defaults and descriptions."""


@group.command(
    cls=common.Verb,
    name="load",
    examples=("nodedeck schema load settings-schema.json", "nodedeck schema load r.json --json"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--service", metavar="NAME", help="The service of the schema's own properties.")
@common.json_option
@click.pass_context
def load_command(context: click.Context, file: Path, service: str | None, as_json: bool) -> None:
    """Load a JSON Schema whose properties are services, each with its settings as properties.

    What was declared of these services before is replaced; values stay as they are.
    """
    current = common.session(context)
    common.refuse_read_only(current)
    data = files.read(file)
    tree = to_python(read(data, str(file), guess_format(file.name, data)))
    if not isinstance(tree, dict):
        raise InvalidValue(f"{file}: a schema must be a mapping; nothing was changed.")
    with current.open() as manager:
        try:
            loaded = manager.load_schema(tree, service=service)
        except InvalidValue as fault:
            raise InvalidValue(f"{file}: {fault.message}", hint=fault.hint) from None
    output.say(f"{loaded.rules} settings of {', '.join(loaded.services)} are declared.")
    for place in loaded.unchecked:
        output.say(f"Not checked: {place}.")
    for sentence in loaded.misfits:
        output.say(sentence)
    if as_json:
        output.put_json(
            "schema.load",
            services=list(loaded.services),
            rules=loaded.rules,
            unchecked=list(loaded.unchecked),
            misfits=list(loaded.misfits),
        )


@group.command(
    cls=common.Verb,
    name="list",
    examples=("nodedeck schema list", "nodedeck schema list stt-worker --json"),
)
@click.argument("service", required=False)
@common.json_option
@click.pass_context
def list_command(context: click.Context, service: str | None, as_json: bool) -> None:
    """The declared settings, of one SERVICE or of all: type, limits, default, description."""
    with common.session(context).look() as manager:
        rules = manager.schema(service)
    if as_json:
        output.put_json("schema.list", items=[_fields(rule) for rule in rules])
    elif rules:
        output.put_lines(output.aligned([_row(rule) for rule in rules]))
    else:
        output.say(f"Nothing is declared of {service}; 'nodedeck schema load' does it.")


@group.command(
    cls=common.Verb,
    name="remove",
    examples=("nodedeck schema remove router", "nodedeck schema remove router --yes"),
)
@click.argument("service")
@answer_options
@common.json_option
@click.pass_context
def remove_command(
    context: click.Context, *, service: str, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Forget what is declared of SERVICE, and with it its defaults; values stay as they are."""
    current = common.session(context)
    common.refuse_read_only(current)
    confirm(
        f"Forget the schema of {service}? Its defaults count no longer.",
        f"Forgetting the schema of {service}",
        yes=yes,
        no_input=no_input,
    )
    with current.open() as manager:
        gone = manager.remove_schema(service)
    output.say(f"{gone} declared settings of {service} are forgotten.")
    if as_json:
        output.put_json("schema.remove", service=service, rules=gone)


def _row(rule: Rule) -> list[str]:
    default = f"default {codec.shown(rule.default)}" if rule.has_default else ""
    told = (rule.constraints.words(), default)
    limits = "; ".join(word for word in told if word)
    return [rule.path, rule.type, rule.complexity, limits, rule.description]


def _fields(rule: Rule) -> dict[str, object]:
    return {
        "path": rule.path,
        "service": rule.service,
        "key": rule.key,
        "type": rule.type.value,
        "complexity": rule.complexity.value,
        "description": rule.description,
        "help_text": rule.help_text,
        "constraints": rule.constraints.model_dump(mode="json", exclude_defaults=True),
        "has_default": rule.has_default,
        "default": rule.default,
    }
