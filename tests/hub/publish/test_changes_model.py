"""Snapshots and change sets, in any order, twice, overlapping and cut off, against a dictionary."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from publishing import STEWARD, SmallHub, found_hub, open_hub, resident_id
from world.jobs import JobServer, upload
from world.licences import COLUMNS, DATASET, delete, licence, register, stands, upsert

from hub.errors import Conflict
from hub.publish.digest import digest_of_file
from hub.publish.processes import take_lock
from hub.storage.sqlite import connect

KEYS, HOLDERS = 8, 3
SEAMS = 140
"""As many as a job has, about; one that is killed at a later one is not killed."""

_keys = st.integers(0, KEYS - 1)
_rows = st.builds(lambda holder, note: (holder, note), st.integers(0, HOLDERS - 1), st.text("ab"))
_operation = st.tuples(_keys, st.none() | _rows)


@dataclass(frozen=True)
class Snapshot:
    """A full publication; ``number`` is told relative to what stands, or not at all."""

    rows: dict[int, tuple[int, str]]
    number: int | None
    seams: tuple[int, ...]
    release: bool

    mode = "full"

    def lines(self) -> list[list[str]]:
        return [licence(key, *row) for key, row in self.rows.items()]

    def applied(self, _: dict[int, tuple[int, str]]) -> dict[int, tuple[int, str]]:
        return dict(self.rows)


@dataclass(frozen=True)
class Changes:
    """A change set."""

    operations: list[tuple[int, tuple[int, str] | None]]
    number: int | None
    seams: tuple[int, ...]
    release: bool

    mode = "changes"

    def lines(self) -> list[list[str]]:
        return [delete(key) if row is None else upsert(key, *row) for key, row in self.operations]

    def applied(self, before: dict[int, tuple[int, str]]) -> dict[int, tuple[int, str]]:
        after = dict(before)
        for key, row in self.operations:
            if row is None:
                after.pop(key, None)
            else:
                after[key] = row
        return after


_seams = st.lists(st.integers(1, SEAMS), max_size=2).map(tuple)
_snapshots = st.builds(
    Snapshot,
    st.dictionaries(_keys, _rows, min_size=1),
    st.none() | st.integers(-1, 2),
    _seams,
    st.booleans(),
)
_changes = st.builds(
    Changes,
    st.lists(_operation, min_size=1, max_size=12),
    # Most follow on; 0 comes twice, -1 is out of order, 2 leaves one out.
    st.sampled_from([None, 1, 1, 1, 0, -1, 2]),
    _seams,
    st.booleans(),
)


@dataclass
class Model:
    """What must stand."""

    rows: dict[int, tuple[int, str]] | None = None
    sequence: int = 0
    told: list[str] = field(default_factory=list)

    def refusal(self, action: Snapshot | Changes, number: int | None) -> str | None:
        """Why the action is refused at once."""
        if isinstance(action, Snapshot):
            return None if number is None or number >= self.sequence else "snapshot-older"
        if number is not None and number <= self.sequence:
            return "changes-applied"
        if self.rows is None:
            return "no-generation"
        return "changes-missing" if number not in {None, self.sequence + 1} else None

    def after(self, action: Snapshot | Changes, number: int | None) -> "Model":
        rows = action.applied(self.rows or {})
        if isinstance(action, Changes):
            return Model(rows, self.sequence + 1)
        return Model(rows, self.sequence if number is None else number)

    def found(self) -> dict[str, tuple[str, str]]:
        """As lookups find it."""
        return {
            f"L{key}": (resident_id(holder), note)
            for key, (holder, note) in (self.rows or {}).items()
        }

    def is_held(self, after: "Model") -> bool:
        """Whether a fifth or more of the rows would go."""
        before = len(self.rows or {})
        return before > 0 and len(after.rows or {}) * 5 <= before * 4


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "hub"
    hub = found_hub(root)
    register(hub)
    hub.close()
    return root


@pytest.mark.timeout(400)
@given(st.lists(_changes | _changes | _changes | _snapshots, min_size=3, max_size=7))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_whatever_comes_ends_as_the_model_says(
    template: Path, jobs: JobServer, actions: list[Snapshot | Changes]
) -> None:
    with TemporaryDirectory() as folder:
        shutil.copytree(template, Path(folder) / "hub")
        hub = open_hub(Path(folder) / "hub")
        try:
            model = Model()
            # The first thing that is sent is what everything else is about.
            for action in [Snapshot({0: (0, "a"), 1: (1, "b")}, None, (), release=True), *actions]:
                model = act(hub, jobs, model, action)
                must_be(hub, model)
        finally:
            hub.close()


def act(hub: SmallHub, jobs: JobServer, model: Model, action: Snapshot | Changes) -> Model:
    """Do it, cut off as often as it says; gives what must stand then."""
    number = None if action.number is None else max(model.sequence + action.number, 0)
    refusal = model.refusal(action, number)
    if refusal is not None:
        with pytest.raises(Conflict) as refused:
            upload(hub, action.lines(), COLUMNS, action.mode, number, DATASET)
        assert refused.value.facts["why"] == refusal
        event(refusal)
        return model
    publication = upload(hub, action.lines(), COLUMNS, action.mode, number, DATASET)
    after = model.after(action, number)
    for seam in action.seams:
        event(f"{action.mode} killed: {jobs.run(hub, publication, seam)[0] != 0}")
        # Whole before or whole after, whatever was cut off.
        assert stands(hub, HOLDERS) in (model.found(), after.found())
        restart(hub, publication)
    assert jobs.run(hub, publication)[0] == 0
    if not model.is_held(after):
        assert hub.status(publication)["state"] == "live"
        event(f"{action.mode} live")
        return after
    event(f"{action.mode} held")
    assert hub.status(publication)["state"] == "held"
    assert stands(hub, HOLDERS) == model.found()
    with pytest.raises(Conflict) as refused:
        hub.begin(DATASET, COLUMNS)
    assert refused.value.facts == {"why": "publication-held", "publication": publication}
    return decide(hub, jobs, publication, model, after, release=action.release)


def decide(
    hub: SmallHub, jobs: JobServer, publication: str, model: Model, after: Model, *, release: bool
) -> Model:
    """A steward's decision; no job is started for what is left to be tidied, but here."""
    lock = take_lock(hub.folder.staging / publication)
    assert lock is not None
    if release:
        hub.publications.release(publication, STEWARD)
    else:
        hub.publications.discard(publication, STEWARD)
    open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path
    assert jobs.run(hub, publication)[0] == 0
    return after if release else model


def restart(hub: SmallHub, publication: str) -> None:
    """What a hub does when it starts, but for the job."""
    lock = take_lock(hub.folder.staging / publication)
    hub.publications.recover()
    if lock is not None:
        open(lock, "rb").close()  # noqa: PTH123 a descriptor, not a path


def must_be(hub: SmallHub, model: Model) -> None:
    """What is found, what the tables say, and what lies in the file are one."""
    assert stands(hub, HOLDERS) == model.found()
    name, version, sequence, rows, digest = hub.store.connection.execute(
        "SELECT d.generation, d.version, d.sequence, g.row_count, g.digest FROM datasets d"
        " JOIN generations g ON g.name = d.generation WHERE d.code = ?",
        (DATASET,),
    ).fetchone()
    assert (rows, sequence) == (len(model.rows or {}), model.sequence)
    path = hub.folder.generation(name)
    assert digest_of_file(path, version) == digest
    file = connect(path, "ro")
    (kept,) = file.execute("SELECT count(*) FROM rows").fetchone()
    file.close()
    assert kept == rows, "rows that nobody sees are left"
    assert hub.generations() == {name}
    assert hub.store.connection.execute("SELECT count(*) FROM change_sets").fetchone() == (0,)
