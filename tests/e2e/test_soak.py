"""Long: many days in a row with broken runs and absent mirrors; `make soak`."""

import random
from datetime import date

import pytest

from gdac.errors import GdacError, StoreError
from gdac.sample.archive import make_archive, next_day
from sync.stores.local import LocalStore
from tests.deployment import Deployment, folder_mirror

DAYS = 60


def held(root):
    return {each.relative_to(root).as_posix(): each.read_bytes() for each in root.rglob("*.*") if each.is_file()}


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(4))
def test_sixty_days_with_broken_runs_and_absent_mirrors(tmp_path, monkeypatch, seed):
    dice = random.Random(seed)
    source = tmp_path / "source"
    make_archive(source, floats=12, cycles=6, seed=seed, day=date(2025, 3, 1))
    mirrors = {name: folder_mirror(tmp_path / name) for name in ("near", "far")}
    here = Deployment(tmp_path / "here", str(source), mirrors)
    honest = LocalStore.write
    broken = 0

    for day in range(DAYS):
        if day:
            next_day(source)
        here.now = here.now.replace(hour=6)
        here.mirrors = {name: where for name, where in mirrors.items() if day == 0 or dice.random() > 0.25}
        if dice.random() < 0.4:
            left = [dice.randrange(1, 60)]

            async def write(self, key, body, declared, _left=left, **expect):
                _left[0] -= 1
                if _left[0] <= 0:
                    raise StoreError("this disk breaks now.")
                return await honest(self, key, body, declared, **expect)

            monkeypatch.setattr(LocalStore, "write", write)
            try:
                here.run()
            except GdacError:
                broken += 1
            monkeypatch.undo()
        here.run()
        here.let_grace_pass() if day % 10 == 9 else None

    here.mirrors = mirrors
    here.run()
    here.let_grace_pass()
    last = here.run()
    assert broken > DAYS // 10
    assert last.seal.serial > DAYS // 2
    expected = held(source)
    for place in (here.hub, tmp_path / "near", tmp_path / "far"):
        found = {path: data for path, data in held(place).items() if not path.startswith("manifest/")}
        assert found.keys() == expected.keys()
        assert found == expected
