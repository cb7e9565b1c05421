"""The rules of the house: what may be published, by whom, for how long, and why."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdac.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from policies.law import Policy, Refusal
    from policies.operator import Override, Wish

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

_AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="[ID|GROUP]", help="A policy or a group; all when left out.")] = "",
    as_json: _AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="All of them as the page docs/policies.md.")] = False,
) -> None:
    """Show the policies: all in one line each, those of a GROUP with their values, or one by its ID."""
    from policies.law import groups, policies
    from policies.pages import document, overview, shown

    if markdown:
        if what or as_json:
            raise UsageError("--markdown shows all policies and goes with nothing else.")
        sys.stdout.write(document(groups()))
        return
    chosen = _chosen(what) if what else list(policies().values())
    if as_json:
        sys.stdout.write(json.dumps([one.as_json() for one in chosen], indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(shown(one) for one in chosen) if what else overview(groups()))


def _chosen(what: str) -> "list[Policy]":
    from policies.law import groups, policy

    for part in groups():
        if part.name == what.lower():
            return list(part.policies)
    try:
        return [policy(what)]
    except UsageError as error:
        names = ", ".join(part.name for part in groups())
        raise UsageError(f"there is no policy and no group {what!a}.", hint=f"Groups are {names}.") from error


@app.command()
def explain(
    policy_id: Annotated[str, typer.Argument(metavar="ID", help="Such as DIS-001.")],
    as_json: _AsJson = False,
) -> None:
    """Explain a policy: what it demands, where it comes from, where it is enforced, and what to do when it says no."""
    from policies.law import policy
    from policies.pages import explained

    found = policy(policy_id)
    sys.stdout.write(json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n" if as_json else explained(found))


@app.command()
def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...|-", help="Paths of an archive; - reads one per line from standard input."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Every path of a sealed manifest (Parquet).")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="What a configuration overrides and asks for."),
    ] = None,
    as_json: _AsJson = False,
) -> None:
    """May these paths be published? Exit 1 when a policy forbids one, or a mirror's definition asks for such files."""
    from policies.distribution import judge_text

    if not paths and manifest is None and config is None:
        raise UsageError("there is nothing to check.", hint="Name paths, - for standard input, --manifest or --config.")
    asked, refused = 0, []
    for text in _texts(paths or ()):
        asked += 1
        if refusal := judge_text(text):
            refused.append((text, refusal))
    if manifest is not None:
        rows, found = _of_manifest(manifest)
        asked += rows
        refused += found
    overridden, wished = _of_config(config)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(asked, refused, overridden, wished)) + "\n")
    else:
        counted = bool(paths) or manifest is not None
        sys.stdout.write("".join(f"{line}\n" for line in _lines(asked, counted, refused, overridden, wished)))
    if refused or wished:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _texts(paths: Iterable[str]) -> Iterator[str]:
    for text in paths:
        if text == "-":
            yield from (line for raw in sys.stdin if (line := raw.rstrip("\r\n")))
        else:
            yield text


def _of_manifest(file: Path) -> "tuple[int, list[tuple[str, Refusal]]]":
    from gdac.columns import connect
    from gdac.manifest.files import load_manifest
    from policies.publishing import forbidden_paths

    with connect() as connection:
        info = load_manifest(connection, file, "manifest", expect_sha256=None, archive=None)
        return info.rows, sorted(forbidden_paths(connection, "manifest").items())


def _of_config(file: Path | None) -> "tuple[list[Override], list[Wish]]":
    from policies.operator import overrides, read_plainly, wishes

    raw = read_plainly(file) if file is not None else {}
    return list(overrides(raw)), list(wishes(raw))


def _as_json(
    asked: int, refused: "list[tuple[str, Refusal]]", overridden: "list[Override]", wished: "list[Wish]"
) -> dict[str, Any]:
    return {
        "checked": asked,
        "refused": [{"path": text, "policy": one.policy, "why": one.text} for text, one in refused],
        "overrides": [
            {"policy": one.policy, "key": one.key, "value": _plain(one.value), "standard": _plain(one.standard)}
            for one in overridden
        ],
        "forbidden_wishes": [
            {"key": one.key, "asks_for": one.word, "policy": one.refusal.policy, "why": one.refusal.text}
            for one in wished
        ],
    }


def _plain(value: Any) -> Any:
    """A value of TOML as JSON has it: dates and times as text."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)


def _lines(
    asked: int,
    counted: bool,
    refused: "list[tuple[str, Refusal]]",
    overridden: "list[Override]",
    wished: "list[Wish]",
) -> Iterator[str]:
    for text, refusal in refused:
        yield f"{_printable(text)}: {refusal}"
    for one in overridden:
        standard = "" if one.standard is None else f" (the policy says {one.standard})"
        yield f"{one.key} = {_printable(str(one.value))}: takes the place of [{one.policy}]{standard}"
    for wish in wished:
        yield f"{wish.key} asks for {wish.word!a}: {wish.refusal}"
    if counted:
        yield f"{asked:,} path{'s' * (asked != 1)} asked about, {len(refused):,} must not be published"
    elif not overridden and not wished:
        yield "the configuration overrides no policy and asks for nothing that is forbidden"


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)
