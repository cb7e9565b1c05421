"""Files, versions and stays of a whole archive as N-Quads, written by the column engine: no triple is ever in memory.

The statements are those of `vocab.provenance.files`. Paths of the two common families (profiles; files of a float) need
no escape in an IRI or a literal, so the engine writes their lines itself; all other paths, a few per cent, go through
`file_triples`. A test holds both roads together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.manifest.chain import survey
from gdac.manifest.files import quoted
from gdac.manifest.history import FileState, History
from gdac.manifest.states import state_at
from gdac.paths import Kind
from vocab.described import Described
from vocab.names import DCAT, DCT, PROV, XSD, A, Names
from vocab.provenance.files import Origin, file_triples, origins

_FLOAT: Final = r"dac/([a-z][a-z0-9_-]{1,31})/(\d{7}|\d{5})/"
#: The common families: pattern, names of its groups, and kinds by the group ``word``.
_FAMILIES: Final = (
    (
        _FLOAT + r"profiles/([BSM]?)[RD](\d{7}|\d{5})_(?:\d{3}|[1-9]\d{3})D?\.nc",
        ("dac", "wmo", "word", "again"),
        {
            "": Kind.PROFILE,
            "B": Kind.BIO_PROFILE,
            "S": Kind.SYNTHETIC_PROFILE,
            "M": Kind.MERGED_PROFILE,
        },
    ),
    (
        _FLOAT + r"(\d{7}|\d{5})_(meta|tech|prof|Sprof|Mprof|[RD]traj|B[RD]traj)\.nc",
        ("dac", "wmo", "again", "word"),
        {
            "meta": Kind.META,
            "tech": Kind.TECH,
            "prof": Kind.MULTI_PROFILE,
            "Sprof": Kind.SYNTHETIC_MULTI_PROFILE,
            "Mprof": Kind.MERGED_MULTI_PROFILE,
            "Rtraj": Kind.TRAJECTORY,
            "Dtraj": Kind.TRAJECTORY,
            "BRtraj": Kind.BIO_TRAJECTORY,
            "BDtraj": Kind.BIO_TRAJECTORY,
        },
    ),
)
_COLUMNS: Final = "path, size, sha256, modified, date_update, serial, until, how, from_path"
_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Dump:
    """Tables of stays, ready to be written as N-Quads; see `prepare`.

    Attributes:
        names: our IRIs.
        archive: id of the archive.
        origins: run and source by serial.
        stays: table of stays that deltas tell of.
        others: SQL of stays of paths that no delta at hand names, columns as those of the table.
    """

    con: duckdb.DuckDBPyConnection
    names: Names
    archive: str
    origins: Mapping[int, Origin]
    stays: str
    others: str


def prepare(
    con: duckdb.DuckDBPyConnection, tree: Path, described: Described, pattern: str | None = None, digests: str = ""
) -> Dump:
    """Find out what is to be written; small tables only, whatever the size of the archive.

    Args:
        con: an open connection; tables whose names begin with ``dump_`` are made.
        tree: directory that holds ``manifest/``.
        described: head and records of the archive.
        pattern: only files whose path it matches (``*`` and ``?``), and those that they were renamed from; None: all.
        digests: with a pattern, a table with a column ``sha256``: files that ever had these bytes as well.

    Raises:
        RefusedError: a sealed file is not what the head or the chain says.
    """
    head = described.head
    history = History(con, survey(con, tree, head))
    state_at(con, tree, head, head.serial, "dump_manifest")
    history.touched("dump_touched")
    wanted = "true"
    if pattern is not None:
        wanted = f"path glob {quoted(pattern)}"
        if digests:
            history.of_digests(digests, "dump_found")
            wanted = f"({wanted} or path in (select path from dump_found))"
        con.execute(f"create or replace temp table dump_chosen as from dump_touched where {wanted}")
        history.of_paths("dump_chosen", "dump_stays")
        while _add_renamed(con):
            history.of_paths("dump_chosen", "dump_stays")
    else:
        history.of_paths("dump_touched", "dump_stays")
    others = (
        "(select path, size, sha256, modified, date_update, serial, null::integer as until, 'first' as how,"
        f" null::varchar as from_path from (from dump_manifest where {wanted}) m anti join dump_touched using (path))"
    )
    return Dump(con, described.names, head.archive, origins(described), "dump_stays", others)


def _add_renamed(con: duckdb.DuckDBPyConnection) -> bool:
    """Take the paths that chosen ones were renamed from among the chosen; whether there were any new ones."""
    more = "select from_path as path from dump_stays where from_path is not null except from dump_chosen"
    found = con.execute(f"select count(*) from ({more})").fetchone()
    if found and found[0]:
        con.execute(f"insert into dump_chosen {more}")
    return bool(found and found[0])


def quads(dump: Dump, graph: str) -> Iterator[tuple[int, str]]:
    """N-Quads of one named graph, piece by piece: how many lines, and the lines.

    Args:
        dump: what `prepare` made.
        graph: IRI of the named graph.
    """
    con = dump.con
    con.execute("create or replace temp table dump_origins (serial integer, run varchar, source varchar)")
    if dump.origins:
        rows = [[serial, one.run, one.source] for serial, one in dump.origins.items()]
        con.executemany("insert into dump_origins values (?, ?, ?)", rows)
    con.execute(f"create or replace temp table dump_told as {_TOLD.format(stays=dump.stays)}")
    for source in ("dump_told", _UNTOLD.format(others=dump.others)):
        for pattern, groups, kinds in _FAMILIES:
            listed = ", ".join(quoted(one) for one in groups)
            family = (
                f"(select *, regexp_extract(path, {quoted(pattern)}, [{listed}]) as g from {source}"
                f" where regexp_full_match(path, {quoted(pattern)}))"
            )
            named = f"(select *, {_names(dump)} from {family} where g.wmo = g.again)"
            lines = f"select {_lines(dump, graph, kinds)} from {named} left join dump_origins using (serial)"
            yield from _pieces(stream(con, lines))
    yield from _slowly(dump, graph)


def _pieces(rows: Iterator[tuple[str]]) -> Iterator[tuple[int, str]]:
    """Rows by the megabyte."""
    held: list[str] = []
    for (text,) in rows:
        held.append(text)
        if len(held) == _BATCH:
            piece = "".join(held)
            yield piece.count("\n"), piece
            held = []
    piece = "".join(held)
    yield piece.count("\n"), piece


def _slowly(dump: Dump, graph: str) -> Iterator[tuple[int, str]]:
    """Paths of no common family, as triples; a path's stays together with those it was renamed from."""
    alike = " or ".join(
        f"(regexp_full_match(path, {quoted(pattern)}) and regexp_extract(path, {quoted(pattern)}, 2)"
        f" = regexp_extract(path, {quoted(pattern)}, {groups.index('again') + 1}))"
        for pattern, groups, _ in _FAMILIES
    )
    for source in (dump.stays, dump.others):
        # renames are among the common families alone, so a path's stays are all that its statements need
        rows = stream(dump.con, f"select {_COLUMNS} from {source} where not ({alike}) order by path, serial")
        for states in _by_path(rows):
            triples = file_triples(dump.names, dump.archive, states, dump.origins)
            yield len(triples), "".join(f"{one} <{graph}> .\n" for one in triples)


def _by_path(rows: Iterator[tuple[object, ...]]) -> Iterator[list[FileState]]:
    held: list[FileState] = []
    for row in rows:
        state = FileState(*row)  # type: ignore[arg-type]  # the columns are those of the record
        if held and held[0].path != state.path:
            yield held
            held = []
        held.append(state)
    if held:
        yield held


#: Stays with what they revise: the stay before, and its bytes where those of this one are new at their path.
_TOLD: Final = (
    "select s.*, p.path as before_path, p.serial as before_serial, case when p.sha256 <> s.sha256 and s.serial ="
    " min(s.serial) over (partition by s.path, s.sha256) then p.sha256 end as revised from {stays} s"
    " left join {stays} p on s.how in ('changed', 'renamed') and p.path = coalesce(s.from_path, s.path)"
    " and p.until = s.serial"
)
_UNTOLD: Final = (
    "(select *, null::varchar as before_path, null::integer as before_serial, null::blob as revised from {others})"
)


def _names(dump: Dump) -> str:
    """SQL of three columns: the IRIs of the file, the stay and the version of a row, each with ``<`` in front."""
    file = f"concat({_text('<' + dump.names.file(dump.archive, ''))}, path)"
    version = f"concat({_text('<' + dump.names.file_version(''))}, lower(hex(sha256)))"
    return f"{file} as file, concat({file}, '#since-', serial) as stay, {version} as version"


def _lines(dump: Dump, graph: str, kinds: Mapping[str, Kind]) -> str:
    """SQL that makes all lines of a row; ``g`` holds the parts of its path, the rest is as `_names` has it.

    One call of ``concat``: a chain of ``||`` would copy the growing text at each step.
    """
    names, archive = dump.names, dump.archive
    own, end = names.vocabulary + "#", f"> <{graph}> .\n"
    file, stay, version = "file", "stay", "version"
    snapshots = names.snapshot(archive, 0)[:-1]
    kind = "case g.word " + " ".join(f"when {quoted(word)} then {quoted(one.value)}" for word, one in kinds.items())

    def literal(datatype: str) -> str:
        return f'"^^<{XSD}{datatype}{end}'

    def line(about: str, predicate: str, before: str, value: str, after: str, when: str = "") -> str:
        made = f"{about}, {_text(f'> <{predicate}> {before}')}, {value}, {_text(after)}"
        return f"case when {when} then concat({made}) else '' end" if when else made

    plain = f'" <{graph}> .\n'
    parts = [
        line(file, A.value, "<", _text(own + "File"), end),
        line(file, own + "archivePath", '"', "path", plain),
        line(file, own + "kindOfFile", '"', f"({kind} end)", plain),
        line(file, DCT + "isPartOf", "<", _text(names.archive(archive)), end),
        line(file, own + "fileOf", f"<{names.wmo('')}", "g.wmo", end),
        line(file, PROV + "wasAttributedTo", f"<{names.dac('')}", "g.dac", end),
        line(stay, A.value, "<", _text(own + "Stay"), end),
        line(stay, own + "stayOf", "", file, end),
        line(stay, own + "stayOfVersion", "", version, end),
        line(stay, own + "fromSerial", '"', "serial", literal("integer")),
        line(stay, own + "firstSnapshot", f"<{snapshots}", "serial", end),
        line(stay, own + "arrival", '"', "how", plain),
        line(stay, DCT + "modified", '"', _moment("modified"), literal("dateTime"), "modified is not null"),
        line(stay, own + "dateUpdate", '"', _moment("date_update"), literal("dateTime"), "date_update is not null"),
        line(stay, own + "toSerial", '"', "(until - 1)", literal("integer"), "until is not null"),
        line(stay, own + "lastSnapshot", f"<{snapshots}", "(until - 1)", end, "until is not null"),
        line(stay, own + "renamedFrom", f"<{names.file(archive, '')}", "from_path", end, "from_path is not null"),
        line(
            stay,
            PROV + "wasRevisionOf",
            f"<{names.file(archive, '')}",
            "concat(before_path, '#since-', before_serial)",
            end,
            "before_path is not null",
        ),
        line(stay, PROV + "wasGeneratedBy", "<", "run", end, "run is not null"),
        line(stay, PROV + "hadPrimarySource", "<", "source", end, "source <> ''"),
        line(version, A.value, "<", _text(own + "FileVersion"), end),
        line(version, own + "fileVersionOf", "", file, end),
        line(version, own + "sha256", '"', "lower(hex(sha256))", literal("hexBinary")),
        line(version, DCAT + "byteSize", '"', "size", literal("nonNegativeInteger")),
        line(
            version,
            PROV + "wasRevisionOf",
            f"<{names.file_version('')}",
            "lower(hex(revised))",
            end,
            "revised is not null",
        ),
    ]
    return f"concat({', '.join(parts)})"


def _moment(column: str) -> str:
    """SQL of a time as `vocab.provenance.statements.moment` writes it."""
    whole = f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ')"
    exact = f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"(case when epoch_us({column}) % 1000000 = 0 then {whole} else {exact} end)"


def _text(text: str) -> str:
    return quoted(text)
