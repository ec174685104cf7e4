"""``nodedeck profile``: named sets of a service's settings."""

from __future__ import annotations

from typing import Any

import click

from store import codec
from store.settings_profiles import Difference, Profile
from tui import output
from tui.verbs import common
from tui.verbs.asking import answer_options, confirm


@click.group(
    cls=common.VerbGroup,
    name="profile",
    examples=(
        "nodedeck profile save stt-worker quiet",
        "nodedeck profile compare stt-worker quiet",
        "nodedeck profile apply stt-worker quiet --reason 'night shift'",
    ),
)
def group() -> None:
    """Keep a service's settings under a name, compare them and bring them back."""


@group.command(
    cls=common.Verb,
    name="save",
    examples=("nodedeck profile save router busy", "nodedeck profile save router busy --replace"),
)
@click.argument("service")
@click.argument("name")
@click.option("--replace", is_flag=True, help="Replace the profile of that name.")
@common.json_option
@click.pass_context
def save_command(
    context: click.Context, *, service: str, name: str, replace: bool, as_json: bool
) -> None:
    """Keep the present values of SERVICE, defaults included, as the profile NAME."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        left_out = manager.save_profile(service, name, replace=replace, reason=current.reason)
        profile = manager.profile(service, name)
    output.say(f"Profile {name} of {service} holds {len(profile.values)} settings.")
    if left_out:
        output.say(f"Secrets are left out: {', '.join(left_out)}.")
    if as_json:
        output.put_json("profile.save", **_fields(profile), left_out=left_out)


@group.command(
    cls=common.Verb,
    name="list",
    examples=("nodedeck profile list", "nodedeck profile list router --json"),
)
@click.argument("service", required=False)
@common.json_option
@click.pass_context
def list_command(context: click.Context, service: str | None, as_json: bool) -> None:
    """The profiles of SERVICE, or of every service."""
    with common.session(context).look() as manager:
        profiles = manager.profiles(service)
    if as_json:
        output.put_json("profile.list", items=[_fields(profile) for profile in profiles])
    elif profiles:
        rows = [[each.service, each.name, f"{len(each.values)} settings"] for each in profiles]
        output.put_lines(output.aligned(rows))
    else:
        output.say("There are no profiles yet; 'nodedeck profile save' makes one.")


@group.command(cls=common.Verb, name="show", examples=("nodedeck profile show router busy",))
@click.argument("service")
@click.argument("name")
@common.json_option
@click.pass_context
def show_command(context: click.Context, *, service: str, name: str, as_json: bool) -> None:
    """The values that a profile holds."""
    with common.session(context).look() as manager:
        profile = manager.profile(service, name)
    if as_json:
        output.put_json("profile.show", **_fields(profile))
        return
    rows = [[key, codec.shown(value)] for key, value in _values(profile).items()]
    output.put_lines(output.aligned(rows))


@group.command(
    cls=common.Verb,
    name="compare",
    examples=(
        "nodedeck profile compare router busy",
        "nodedeck profile compare router busy quiet --json",
    ),
)
@click.argument("service")
@click.argument("name")
@click.argument("other", required=False)
@common.json_option
@click.pass_context
def compare_command(
    context: click.Context, *, service: str, name: str, other: str | None, as_json: bool
) -> None:
    """What applying a profile would change, or how the profile OTHER differs from it."""
    with common.session(context).look() as manager:
        differences = manager.compare_profile(service, name, other)
    if as_json:
        output.put_json("profile.compare", items=[_difference(each) for each in differences])
    elif differences:
        output.put_lines(output.aligned([_row(each) for each in differences]))
    else:
        output.say(f"Profile {name} and {other or 'the present settings'} do not differ.")


@group.command(
    cls=common.Verb,
    name="apply",
    examples=("nodedeck profile apply router busy --expect-version 12 --reason 'peak hours'",),
)
@click.argument("service")
@click.argument("name")
@common.expect_version_option
@common.json_option
@click.pass_context
def apply_command(
    context: click.Context, *, service: str, name: str, expect_version: int | None, as_json: bool
) -> None:
    """Make the settings of SERVICE those of a profile, at once; others stay as they are."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager, manager.transaction(current.reason or f"profile {name}"):
        differences = manager.compare_profile(service, name)
        change = manager.apply_profile(
            service, name, expect_version=expect_version, reason=current.reason
        )
    for each in differences:
        output.say(f"{each.path}: {' → '.join(_row(each)[1:])}.")
    if not differences:
        output.say(f"The settings of {service} are those of {name} already; nothing was changed.")
    if as_json:
        output.put_json(
            "profile.apply",
            service=service,
            name=name,
            change=change or None,
            items=[_difference(each) for each in differences],
        )


@group.command(
    cls=common.Verb, name="delete", examples=("nodedeck profile delete router busy --yes",)
)
@click.argument("service")
@click.argument("name")
@answer_options
@common.json_option
@click.pass_context
def delete_command(
    context: click.Context, *, service: str, name: str, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Forget a profile; the settings stay as they are."""
    current = common.session(context)
    common.refuse_read_only(current)
    confirm(
        f"Delete profile {name} of {service}?",
        f"Deleting profile {name}",
        yes=yes,
        no_input=no_input,
    )
    with current.open() as manager:
        change = manager.delete_profile(service, name, reason=current.reason)
    output.say(f"Profile {name} of {service} is deleted, change #{change}.")
    if as_json:
        output.put_json("profile.delete", service=service, name=name, change=change)


for _writing in (save_command, apply_command, delete_command):
    _writing.params.append(common.reason_option())


def _fields(profile: Profile) -> dict[str, object]:
    return {"service": profile.service, "name": profile.name, "values": _values(profile)}


def _values(profile: Profile) -> dict[str, Any]:
    return {
        key: output.masked(f"{profile.path}.{key}", value) for key, value in profile.values.items()
    }


def _difference(each: Difference) -> dict[str, object]:
    return {
        "path": each.path,
        "present": output.masked(each.path, each.present),
        "wanted": output.masked(each.path, each.wanted),
    }


def _row(each: Difference) -> list[str]:
    present = codec.shown(output.masked(each.path, each.present)) if each.is_present else "–"
    wanted = codec.shown(output.masked(each.path, each.wanted)) if each.is_wanted else "–"
    return [each.path, present, wanted]
