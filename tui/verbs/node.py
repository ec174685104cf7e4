"""``nodedeck node``: the node registry."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from store import checks, codec, files
from store.errors import InvalidValue, UsageError
from store.models import Node
from store.paths import join, split
from store.reading import guess_format, read, to_python
from tui import output, streams
from tui.session import Session
from tui.verbs import common, confirming
from tui.verbs.asking import answer_options, type_name

_NEXT_EPOCH: Final = "The daemon acts on it at the next epoch."


@click.group(
    cls=common.VerbGroup,
    name="node",
    examples=(
        "nodedeck node list",
        "nodedeck node add node3 --host 10.0.0.23 --inference-port 5050 --poc-port 8080"
        " --max-concurrent 500 --model Qwen3-32B-FP8",
        "nodedeck node set node1 max_concurrent=250 host=10.0.0.31",
        "nodedeck node disable node1 --reason reboot",
    ),
)
def group() -> None:
    """List, add, change and remove the nodes of the registry."""


@group.command(cls=common.Verb, name="list", examples=("nodedeck node list --json",))
@common.json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """The nodes in the registry's order."""
    with common.session(context).look() as manager:
        nodes = manager.nodes()
    if as_json:
        output.put_json("node.list", items=[_shown(node) for node in nodes])
    elif nodes:
        output.put_lines(output.aligned([_row(node) for node in nodes]))
    else:
        output.say("The registry is empty; 'nodedeck node add' fills it.")


@group.command(
    cls=common.Verb,
    name="show",
    examples=("nodedeck node show node1", "nodedeck node show node1 --json"),
)
@click.argument("node_id", metavar="ID")
@common.json_option
@click.pass_context
def show_command(context: click.Context, node_id: str, as_json: bool) -> None:
    """Every field of a node; of its security key the version alone."""
    with common.session(context).look() as manager:
        node = manager.node(node_id)
        version = manager.node_key_version(node_id)
    fields = _shown(node)
    if as_json:
        output.put_json("node.show", **fields, security_key_version=version)
        return
    rows = [[name, codec.shown(value)] for name, value in fields.items()]
    rows.append(["security key", f"version {version}" if version else "none"])
    output.put_lines(output.aligned(rows))


@group.command(
    cls=common.Verb,
    name="add",
    examples=(
        "nodedeck node add node3 --host 10.0.0.23 --inference-port 5050 --poc-port 8080"
        " --max-concurrent 500 --model 'Qwen3-32B-FP8=--tensor-parallel-size 4' --hardware H100=8",
        "nodedeck node add node4 --copy-of node3 --host 10.0.0.24",
        "nodedeck node add --from node.json",
        "jq '.nodes[0]' old.json | nodedeck node add node5 --from -",
    ),
)
@click.argument("node_id", metavar="ID", required=False)
@click.option("--host", metavar="HOST", help="Where it is reached.")
@click.option("--inference-port", type=int, metavar="PORT", help="1 to 65535.")
@click.option("--inference-segment", metavar="TEXT", help="The path before inference calls.")
@click.option("--poc-port", type=int, metavar="PORT", help="1 to 65535.")
@click.option("--poc-segment", metavar="TEXT", help="The path before PoC calls.")
@click.option("--max-concurrent", type=int, metavar="N", help="Calls at once, at least 1.")
@click.option("--model", "models", multiple=True, metavar="NAME[=ARGS]", help="Repeatable.")
@click.option("--hardware", multiple=True, metavar="TYPE=COUNT", help="Repeatable.")
@click.option("--node-version", "version", metavar="TEXT", help="The version it runs.")
@click.option("--disabled", is_flag=True, help="Add it switched off.")
@click.option("--from", "source", metavar="FILE", help="Fields from YAML or JSON; - is stdin.")
@click.option("--copy-of", metavar="ID", help="Take every other field from this node.")
@common.json_option
@click.pass_context
def add_command(
    context: click.Context,
    /,
    *,
    node_id: str | None,
    models: Sequence[str],
    hardware: Sequence[str],
    disabled: bool,
    source: str | None,
    copy_of: str | None,
    as_json: bool,
    **plain: str | int | None,
) -> None:
    """Add a node: from options, from a file, or as a copy; options win over both.

    Its id and its host:port must be its own, and it needs at least one model.
    """
    if source is not None and copy_of is not None:
        raise UsageError("--from and --copy-of exclude each other; nothing was changed.")
    given: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
    if models:
        given["models"] = dict(map(_model, models))
    if hardware:
        given["hardware"] = list(map(_hardware, hardware))
    if disabled:
        given["is_enabled"] = False
    current = common.session(context)
    common.refuse_read_only(current)
    fields = {} if source is None else _from_file(source)
    with current.open() as manager:
        if copy_of is not None:
            fields = manager.node(copy_of).model_dump(mode="json", exclude={"id"})
        name = node_id or fields.get("id")
        if not name:
            raise UsageError(
                "The new node needs an id; nothing was changed.",
                hint="Name it behind 'nodedeck node add'.",
            )
        value = {**fields, **given, "id": name}
        node = checks.checked(Node, value, join("nodes", str(name)))
        change = manager.add_node(node, reason=current.reason)
    host = _shown(node)["host"]
    output.say(f"Added {node.id} at {host}:{node.inference_port}, change #{change}.")
    if as_json:
        output.put_json("node.add", **_shown(node), change=change)


@group.command(
    cls=common.Verb,
    name="set",
    examples=(
        "nodedeck node set node1 max_concurrent=250",
        "nodedeck node set node1 host=10.0.0.31 inference_port=5051 --reason 'moved racks'",
    ),
)
@click.argument("node_id", metavar="ID")
@click.argument("fields", metavar="FIELD=VALUE...", nargs=-1, required=True)
@confirming.option
@common.json_option
@click.pass_context
def set_command(
    context: click.Context,
    *,
    node_id: str,
    fields: tuple[str, ...],
    confirm_within: float | None,
    as_json: bool,
) -> None:
    """Change fields of a node, all of them in one transaction or none."""
    texts = dict(map(_assignment, fields))
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        with confirming.edit(manager, confirm_within, current.reason) as made:
            change = manager.set_node(node_id, texts, reason=current.reason)
        node = manager.node(node_id)
    if change:
        output.say(f"Changed {node_id}, change #{change}.")
    else:
        output.say(f"{node_id} has these values already; nothing was changed.")
    confirming.tell(made)
    if as_json:
        fate = confirming.fields(made)
        output.put_json("node.set", **_shown(node), change=change or None, **fate)


@group.command(
    cls=common.Verb,
    name="remove",
    examples=("nodedeck node remove node3", "nodedeck node remove node3 --yes --reason sold"),
)
@click.argument("node_id", metavar="ID")
@answer_options
@common.json_option
@click.pass_context
def remove_command(
    context: click.Context, *, node_id: str, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Remove a node and its security key; asks for its id to be typed."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        node = manager.node(node_id)
        key = " and its security key" if manager.node_key_version(node_id) else ""
        warning = f"This removes {node_id} at {_shown(node)['host']}:{node.inference_port}{key}."
        type_name(node_id, warning, "Removing a node", yes=yes, no_input=no_input)
        had_key = manager.remove_node(node_id, reason=current.reason)
    gone = " and its security key" if had_key else ""
    output.say(f"Removed {node_id}{gone}.")
    if as_json:
        output.put_json("node.remove", id=node_id, security_key_removed=had_key)


@group.command(
    cls=common.Verb, name="enable", examples=("nodedeck node enable node1 --reason repaired",)
)
@click.argument("node_id", metavar="ID")
@confirming.option
@common.json_option
@click.pass_context
def enable_command(
    context: click.Context, *, node_id: str, confirm_within: float | None, as_json: bool
) -> None:
    """Switch a node on; the daemon acts on it at the next epoch."""
    _switch(common.session(context), node_id, True, confirm_within, as_json)


@group.command(
    cls=common.Verb, name="disable", examples=("nodedeck node disable node1 --reason reboot",)
)
@click.argument("node_id", metavar="ID")
@confirming.option
@common.json_option
@click.pass_context
def disable_command(
    context: click.Context, *, node_id: str, confirm_within: float | None, as_json: bool
) -> None:
    """Switch a node off; it serves until the next epoch."""
    _switch(common.session(context), node_id, False, confirm_within, as_json)


for _writer in (add_command, set_command, remove_command, enable_command, disable_command):
    _writer.params.append(common.reason_option())


def _switch(
    current: Session, node_id: str, enabled: bool, confirm_within: float | None, as_json: bool
) -> None:
    common.refuse_read_only(current)
    with (
        current.open() as manager,
        confirming.edit(manager, confirm_within, current.reason) as made,
    ):
        change = manager.enable_node(node_id, enabled, reason=current.reason)
    word = "enabled" if enabled else "disabled"
    if change:
        output.say(f"{node_id} is {word}, change #{change}. {_NEXT_EPOCH}")
    else:
        output.say(f"{node_id} is {word} already; nothing was changed.")
    confirming.tell(made)
    if as_json:
        output.put_json(
            "node.enable" if enabled else "node.disable",
            id=node_id,
            is_enabled=enabled,
            change=change or None,
            **confirming.fields(made),
        )


def _shown(node: Node) -> dict[str, Any]:
    """A node's fields as they may be shown."""
    fields: dict[str, Any] = output.masked(join("nodes", node.id), node.model_dump(mode="json"))
    return fields


def _row(node: Node) -> list[str]:
    shown = _shown(node)
    return [
        node.id,
        "on" if node.is_enabled else "off",
        f"{shown['host']}:{node.inference_port}",
        str(node.max_concurrent),
        ", ".join(f"{each.count} x {each.type}" for each in node.hardware) or "–",
        shown["version"] or "–",
        ", ".join(node.models) or "–",
    ]


def _model(text: str) -> tuple[str, dict[str, list[str]]]:
    """``NAME=ARGS`` as the legacy file has it; the arguments are split as a shell would."""
    name, _, args = text.partition("=")
    try:
        return name, {"args": shlex.split(args)}
    except ValueError:
        raise UsageError(
            f"--model {text!r}: the quotes do not match; nothing was changed."
        ) from None


def _hardware(text: str) -> dict[str, Any]:
    kind, _, count = text.rpartition("=")
    number = codec.as_integer(count)
    if not kind or number is None:
        raise UsageError(
            f"--hardware {text!r} is not TYPE=COUNT; nothing was changed.",
            hint="Write it like H100=8.",
        )
    return {"type": kind, "count": number}


def _assignment(text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"{text!r} is not FIELD=VALUE; nothing was changed.",
            hint="Write it like max_concurrent=250.",
        )
    if field == "id":
        raise UsageError(
            "A node's id stays as it is; nothing was changed.",
            hint="Add it anew with 'nodedeck node add NEW --copy-of OLD', then remove the old one.",
        )
    return join(*split(field)), value


def _from_file(source: str) -> Mapping[str, Any]:
    """A node's fields from a YAML or JSON file or from stdin, in the legacy file's names."""
    name = "stdin" if source == "-" else source
    data = streams.piped() if source == "-" else files.read(Path.cwd() / source)
    found = to_python(read(data, name, guess_format("" if source == "-" else source, data)))
    if not isinstance(found, dict):
        raise InvalidValue(
            f"{name} does not hold one node's fields; nothing was changed.",
            hint="It must be one mapping, such as an item of a legacy file's nodes.",
        )
    return found
