"""The authorities of the city, with credit codes of the right form (invented bodies 01500…)."""

from dataclasses import dataclass

from hub.ops.city.numbers import credit_code
from hub.ops.city.places import CITY, CITY_CODE, PLACES

ADMINISTRATION = "11"


@dataclass(frozen=True, slots=True)
class Office:
    """An authority: its name and its credit code."""

    name: str
    uscc: str


def _offices(number: int, title: str) -> tuple[Office, ...]:
    """One authority of a kind in each place, in the order of ``PLACES``."""
    return tuple(
        Office(
            f"{place.name}{title}",
            credit_code(ADMINISTRATION, place.code, f"015{number:02d}{index:03d}"),
        )
        for index, place in enumerate(PLACES, start=1)
    )


POLICE = _offices(1, "公安局")
MARKET = _offices(2, "市场监督管理局")
HEALTH = _offices(3, "卫生健康局")
CIVIL_AFFAIRS = _offices(4, "民政局")
HOUSING = _offices(5, "住房和城乡建设局")
EMERGENCY = _offices(6, "应急管理局")
AGRICULTURE = _offices(7, "农业农村局")
TRANSPORT = _offices(8, "交通运输局")
CULTURE = _offices(9, "文化和旅游局")
ECOLOGY = _offices(10, "生态环境分局")
COUNTER = _offices(11, "政务服务中心")
TAX = Office(f"国家税务总局{CITY}市税务局", credit_code(ADMINISTRATION, CITY_CODE, "01512001"))
CITY_MARKET = Office(f"{CITY}市市场监督管理局", credit_code(ADMINISTRATION, CITY_CODE, "01502000"))
