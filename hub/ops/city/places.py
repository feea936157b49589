"""Yuxi (玉溪市, Yunnan): its districts and counties by GB/T 2260, and where newcomers come from.

A resident's number keeps the area code of its time: Yuxi was a prefecture with codes 5324.. until
1998; Jiangchuan (530421) became a district in 2015, Chengjiang (530422) a city in 2020.
"""

from dataclasses import dataclass
from datetime import date

from hub.ops.city.calendar import day_of

PROVINCE = "云南"
CITY = "玉溪"
CITY_CODE = "530400"

PREFECTURE_ENDED = day_of(date(1998, 6, 1))
JIANGCHUAN_DISTRICT = day_of(date(2015, 12, 3))
CHENGJIANG_CITY = day_of(date(2020, 1, 1))

_HAN, _HUI, _MONGOL, _YI, _BAI, _HANI, _DAI, _LAHU = "01", "03", "02", "07", "14", "16", "18", "24"


@dataclass(frozen=True, slots=True)
class Place:
    """A district or county: code, full and short name, towns, and the peoples in hundredths."""

    code: str
    name: str
    short: str
    towns: tuple[str, ...]
    peoples: tuple[tuple[str, int], ...]
    code_before_1998: str
    code_before_reform: str = ""
    reformed: int = 0

    def code_at(self, day: int) -> str:
        """The area code that a number issued for a birth on ``day`` carries."""
        if day < PREFECTURE_ENDED:
            return self.code_before_1998
        return self.code_before_reform if day < self.reformed else self.code


_LOWLAND = ((_HAN, 82), (_YI, 11), (_HUI, 3), (_HANI, 2), (_BAI, 1), (_DAI, 1))
_HILLS = ((_HAN, 40), (_YI, 50), (_HANI, 4), (_HUI, 3), (_DAI, 3))

PLACES = (
    Place(
        "530402",
        "红塔区",
        "红",
        (
            "玉兴街道",
            "凤凰街道",
            "玉带街道",
            "北城街道",
            "春和街道",
            "李棋街道",
            "大营街街道",
            "研和街道",
        ),
        _LOWLAND,
        "532401",
    ),
    Place(
        "530403",
        "江川区",
        "江",
        ("大街街道", "江城镇", "前卫镇", "九溪镇", "路居镇", "安化乡", "雄关乡"),
        _LOWLAND,
        "532421",
        "530421",
        JIANGCHUAN_DISTRICT,
    ),
    Place(
        "530481",
        "澄江市",
        "澄",
        ("凤麓街道", "龙街街道", "右所镇", "阳宗镇", "海口镇", "九村镇"),
        _LOWLAND,
        "532422",
        "530422",
        CHENGJIANG_CITY,
    ),
    Place(
        "530423",
        "通海县",
        "通",
        ("秀山街道", "九龙街道", "河西镇", "四街镇", "纳古镇", "杨广镇", "兴蒙蒙古族乡", "里山乡"),
        ((_HAN, 78), (_YI, 9), (_HUI, 8), (_MONGOL, 3), (_HANI, 2)),
        "532423",
    ),
    Place(
        "530424",
        "华宁县",
        "华",
        ("宁州街道", "盘溪镇", "华溪镇", "青龙镇", "通红甸乡"),
        ((_HAN, 72), (_YI, 23), (_HUI, 4), (_BAI, 1)),
        "532424",
    ),
    Place(
        "530425",
        "易门县",
        "易",
        ("龙泉街道", "六街街道", "绿汁镇", "浦贝乡", "十街乡", "铜厂乡", "小街乡"),
        ((_HAN, 68), (_YI, 29), (_HUI, 2), (_BAI, 1)),
        "532425",
    ),
    Place(
        "530426",
        "峨山彝族自治县",
        "峨",
        ("双江街道", "小街街道", "化念镇", "甸中镇", "塔甸镇", "岔河乡", "富良棚乡"),
        _HILLS,
        "532426",
    ),
    Place(
        "530427",
        "新平彝族傣族自治县",
        "新",
        ("桂山街道", "古城街道", "戛洒镇", "漠沙镇", "扬武镇", "水塘镇", "平掌乡"),
        ((_HAN, 28), (_YI, 48), (_DAI, 17), (_LAHU, 4), (_HANI, 3)),
        "532427",
    ),
    Place(
        "530428",
        "元江哈尼族彝族傣族自治县",
        "元",
        ("澧江街道", "红河街道", "甘庄街道", "因远镇", "曼来镇", "羊街乡", "那诺乡"),
        ((_HAN, 19), (_HANI, 43), (_YI, 22), (_DAI, 13), (_BAI, 3)),
        "532428",
    ),
)
# How the people spread over the places, in hundredths.
SHARES = (26, 12, 8, 13, 9, 7, 7, 11, 7)

# Districts and counties whose codes have not changed since the numbers were introduced.
ELSEWHERE = (
    "110101", "110105", "120101", "130102", "140402", "210102", "220102", "230102", "310101",
    "320102", "330102", "340102", "350102", "360102", "370102", "410102", "420102", "430102",
    "440103", "450102", "500103", "510104", "510105", "520102", "530102", "530103", "530111",
    "530112", "530121", "530128", "530129", "540102", "610102", "620102", "630102", "640104",
    "650102",
)  # fmt: skip

ROADS = (
    "玉江路", "红塔大道", "人民路", "文化路", "东风路", "珊瑚路", "抚仙路", "龙马路", "星云路",
    "秀山路", "明珠路", "彩虹路", "聂耳路", "南祥路",
)  # fmt: skip
VILLAGES = ("大村", "新寨", "石头寨", "龙潭", "上营", "下营", "白龙", "小河", "松园", "梅园")


def address_heads(place: Place) -> tuple[list[str], list[str]]:
    """The beginnings of a place's addresses: of streets, and of villages."""
    start = f"{PROVINCE}省{CITY}市{place.name}"
    streets = [f"{start}{town}{road}" for town in place.towns for road in ROADS]
    villages = [f"{start}{town}{village}村委会" for town in place.towns[1:] for village in VILLAGES]
    return streets, villages
