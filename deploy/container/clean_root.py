"""Carries out the Dockerfile's own steps in plain directories, where no container engine is to be had.

Every instruction of the file is carried out or refused, none is skipped silently: each stage is a copy of a base root
(Debian with python3 and python3-venv, by mmdebstrap), COPY copies, RUN runs in a chroot. `run` then starts a command in
a stage as a cluster would: another process space, a root that cannot be written, no capability, user 10001, a /tmp of
its own, and the volumes that are named.

    mmdebstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm base
    python deploy/container/clean_root.py build --base base --work stages [--env NAME]... [--bind FILE]...
    python deploy/container/clean_root.py run --work stages --stage runtime --volume DIR:/srv/argo -- --version

What it is not: no layers, no image, no seccomp filter, no memory limit, no network of its own. Needs root.
"""

import argparse
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
#: What the image says of itself; nothing to carry out here.
_SAID: Final = {"EXPOSE", "LABEL", "STOPSIGNAL", "HEALTHCHECK"}


class CleanRootError(Exception):
    """The Dockerfile says what this program does not carry out, or a step failed."""


@dataclass
class Stage:
    """One stage: its directory, and what the instructions set for the next ones."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def save(self, file: Path) -> None:
        """Keep what `run` needs of it."""
        facts = {name: getattr(self, name) for name in ("env", "workdir", "user", "entrypoint", "command")}
        file.write_text(json.dumps(facts), encoding="utf-8")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Instructions of a Dockerfile: the word, and the rest of its lines as one."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    waiting = ""
    for line in lines:
        waiting += line.rstrip()
        if waiting.endswith("\\"):
            waiting = waiting[:-1] + " "
            continue
        word, _, rest = waiting.strip().partition(" ")
        yield word.upper(), rest.strip()
        waiting = ""
    if waiting:
        raise CleanRootError("the Dockerfile ends within an instruction")


class Builder:
    """Carries out one Dockerfile.

    Args:
        base: root that stands for every image that is not a stage of the file.
        work: where the stages go.
        env: variables for RUN that are not part of the image (where packages are found).
        binds: files of this machine that RUN sees at the same place.
    """

    def __init__(self, base: Path, work: Path, env: dict[str, str], binds: Sequence[Path]) -> None:
        self._base, self._work, self._outside, self._binds = base, work, env, binds
        self._args: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self._stage: Stage | None = None

    def build(self, text: str) -> None:
        """Carry out every instruction, in order.

        Raises:
            CleanRootError: an instruction is unknown, or its command failed.
        """
        for word, rest in instructions(text):
            sys.stderr.write(f"{word} {rest[:110]}\n")
            if word in _SAID:
                continue
            step = getattr(self, f"_{word.lower()}", None)
            if step is None:
                raise CleanRootError(f"{word} is not carried out here")
            step(rest)
        for name, stage in self._stages.items():
            stage.save(self._work / f"{name}.json")

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self._args[name] = value

    def _from(self, rest: str) -> None:
        said = re.fullmatch(r"(\S+) AS (\S+)", rest)
        if said is None:
            raise CleanRootError(f"FROM {rest}: a stage needs a name")
        image, name = re.sub(r"\$\{(\w+)\}", lambda one: self._args[one[1]], said[1]), said[2]
        root = self._work / name
        if root.exists():
            raise CleanRootError(f"{root} is there already; name an empty --work")
        root.parent.mkdir(parents=True, exist_ok=True)
        older = self._stages.get(image)
        before = str(older.root if older else self._base)
        subprocess.run(["cp", "-a", "--reflink=auto", before, str(root)], check=True)  # noqa: S603, S607
        kept = (
            Stage(root, dict(older.env), older.workdir, older.user, older.entrypoint, older.command) if older else None
        )
        self._stage = self._stages[name] = kept or Stage(root, {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})

    @property
    def _now(self) -> Stage:
        if self._stage is None:
            raise CleanRootError("an instruction stands before the first FROM")
        return self._stage

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            self._now.env[name] = value

    def _workdir(self, rest: str) -> None:
        self._now.workdir = rest
        (self._now.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _user(self, rest: str) -> None:
        self._now.user = rest

    def _entrypoint(self, rest: str) -> None:
        self._now.entrypoint = json.loads(rest)

    def _cmd(self, rest: str) -> None:
        self._now.command = json.loads(rest)

    def _copy(self, rest: str) -> None:
        words = rest.split()
        origin = PROJECT
        if words[0].startswith("--from="):
            origin = self._stages[words.pop(0).removeprefix("--from=")].root
        elif words[0].startswith("--"):
            raise CleanRootError(f"COPY {words[0]} is not carried out here")
        *sources, target = words
        there = self._now.root / os.path.join(self._now.workdir, target).lstrip("/")  # noqa: PTH118 - an absolute target wins
        for source in sources:
            found = origin / source.lstrip("/")
            if origin == PROJECT and not _is_sent(source):
                raise CleanRootError(f"COPY {source}: .dockerignore keeps it from the builder")
            if found.is_dir():
                shutil.copytree(
                    found, there, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                into = there / found.name if target.endswith("/") else there
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, into)

    def _run(self, rest: str) -> None:
        stage = self._now
        seen = [(file, stage.root / str(file).lstrip("/")) for file in self._binds]
        inner = f"cd {shlex.quote(stage.workdir)} && {rest}"
        done = subprocess.run(  # noqa: S603 - the Dockerfile's own steps
            inside(stage.root, seen, ["/bin/sh", "-ec", inner]), env={**stage.env, **self._outside}, check=False
        )
        for file, there in seen:
            if file.is_file():
                there.unlink()  # it was never part of the image
        if done.returncode != 0:
            raise CleanRootError(f"RUN ended with {done.returncode}: {rest[:200]}")


def _is_sent(source: str) -> bool:
    """Whether .dockerignore lets a source of COPY through."""
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = True
    for rule in (line.strip() for line in lines if line.strip() and not line.startswith("#")):
        name, keeps = (rule[1:], True) if rule.startswith("!") else (rule, False)
        path = source.rstrip("/")
        if fnmatch.fnmatch(path, name) or path.startswith(f"{name}/"):
            sent = keeps
    return sent


def inside(root: Path, binds: Sequence[tuple[Path, Path]], command: Sequence[str], *, locked: str = "") -> list[str]:
    """A command line that runs ``command`` with ``root`` as its root, in process and mount spaces of its own.

    Args:
        root: the directory.
        binds: what of this machine is seen where below it.
        command: what runs.
        locked: as this user and group, on a root that cannot be written, without any capability; empty for root's own.
    """
    quoted = shlex.quote(str(root))
    lines = ["mount --make-rprivate /", f"mount --bind {quoted} {quoted}"]
    for file, there in binds:
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch() if file.is_file() else there.mkdir(exist_ok=True)
    lines += [f"mount --bind {shlex.quote(str(file))} {shlex.quote(str(there))}" for file, there in binds]
    lines.append(f"mount -t proc proc {quoted}/proc")
    for device in ("null", "zero", "urandom", "random"):
        lines.append(f"touch {quoted}/dev/{device} && mount --bind /dev/{device} {quoted}/dev/{device}")
    step = ["chroot", str(root)]
    if locked:
        lines += [f"mount -t tmpfs -o mode=1777,size=512m tmpfs {quoted}/tmp"]  # noqa: S108 - a new one
        lines.append(f"mount -o remount,bind,ro {quoted}")
        user, _, group = locked.partition(":")
        dropped = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--clear-groups"]
        step += ["setpriv", f"--reuid={user}", f"--regid={group}", *dropped]
    lines.append("exec " + shlex.join([*step, *command]))
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", "\n".join(lines)]


def run(work: Path, stage: str, volumes: Sequence[str], env: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """The command line that starts a stage's entry point with these arguments (by default its own)."""
    facts = json.loads((work / f"{stage}.json").read_text(encoding="utf-8"))
    root = work / stage
    binds = []
    for volume in volumes:
        here, _, there = volume.partition(":")
        binds.append((Path(here).resolve(), root / there.lstrip("/")))
    settings = [f"{name}={value}" for name, value in facts["env"].items()]
    command = ["/usr/bin/env", "-i", f"--chdir={facts['workdir']}", *settings, *env]
    command += [*facts["entrypoint"], *(arguments or facts["command"])]
    return inside(root, binds, command, locked=facts["user"])


def main() -> int:
    """Build stages, or run a command in one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    doing = parser.add_subparsers(dest="doing", required=True)
    making = doing.add_parser("build")
    making.add_argument("--base", type=Path, required=True, help="root that stands for the base image")
    making.add_argument("--env", action="append", default=[], metavar="NAME", help="variable that RUN gets from here")
    making.add_argument("--bind", action="append", default=[], type=Path, help="file of this machine that RUN sees")
    starting = doing.add_parser("run")
    starting.add_argument("--stage", default="runtime")
    starting.add_argument("--volume", action="append", default=[], metavar="DIR:DIR")
    starting.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    starting.add_argument("arguments", nargs="*")
    for one in (making, starting):
        one.add_argument("--work", type=Path, required=True, help="directory of the stages")
    said = parser.parse_args()
    if said.doing == "run":
        command = run(said.work.resolve(), said.stage, said.volume, said.env, said.arguments)
        os.execvp(command[0], command)  # noqa: S606 - signals go to the command, as in a container
    outside = {name: os.environ[name] for name in said.env if name in os.environ}
    try:
        text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
        Builder(said.base.resolve(), said.work.resolve(), outside, said.bind).build(text)
    except (CleanRootError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"clean_root: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
