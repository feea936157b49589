"""Residents in versions: everybody has another name in each, so that an answer tells its version.

Two people take turns: one is there in even versions only, the other in odd ones.
"""

import random
from pathlib import Path

from publishing import resident_id
from world.town import SUBJECTS

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态,住址\n"
FIRST = 0
"""The version that a town is founded with; its people are called otherwise."""
FOUNDED_NAME = "张三丰"
PLANTED = 40
_DIGITS = "零一二三四五六七八九"


class People:
    """So many residents, besides those whom the town knows."""

    def __init__(self, rows: int) -> None:
        self._numbers = [resident_id(number) for number in range(rows)]
        self.turns = (resident_id(rows), resident_id(rows + 1))
        self.probed = (*SUBJECTS[:4], *self._numbers[:: max(rows // 4, 1)])

    @property
    def rows(self) -> int:
        """How many a version has."""
        return len(SUBJECTS) + len(self._numbers) + 1

    def name(self, version: int) -> str:
        """What everybody is called in a version."""
        if version == FIRST:
            return FOUNDED_NAME
        return "王" + "".join(_DIGITS[int(digit)] for digit in f"{version:04d}")

    def expected(self, subject: str, version: int) -> str | None:
        """The name that an answer about somebody has in a version, None if there is none."""
        if subject in self.turns:
            there = version != FIRST and self.turns[version % 2] == subject
            return self.name(version) if there else None
        if version == FIRST and subject not in SUBJECTS:
            return None
        return self.name(version)

    def write(self, path: Path, version: int) -> None:
        """Write a version as a department has it."""
        name, address = self.name(version), _address(version)
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            for number in (*SUBJECTS, self.turns[version % 2], *self._numbers):
                born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
                sex = "1" if int(number[16]) % 2 else "2"
                file.write(f"{number},{name},{sex},{born},1,{address}\n")

    def planted(self, versions: tuple[int, ...], chance: random.Random) -> list[str]:
        """Values that may be readable nowhere."""
        names = [each(version) for version in versions for each in (self.name, _address)]
        return [*names, *self.turns, *chance.sample(self._numbers, min(PLANTED, self.rows - 21))]


def _address(version: int) -> str:
    return f"云南省玉溪市红塔区虹桥路{version:04d}号"
