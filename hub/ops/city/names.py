"""Names as they are spread in the south-west: common surnames, some compound ones, given names."""

from random import Random

_COMMON = "李王张刘杨陈赵周普杨李王张马何白朱"
_OTHERS = (
    "黄吴徐孙胡高林郭梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文矣"
)
_COMPOUND = ("欧阳", "上官", "司马", "诸葛", "司徒", "令狐")
SURNAMES: tuple[str, ...] = (*_COMMON * 6, *_OTHERS, *_COMPOUND)

_MALE = "伟强军平刚建国华明志永林文光荣海波涛斌辉鹏飞云峰宇浩然俊杰子轩博睿泽天晨家豪东成春生福贵"
_FEMALE = "芳秀英丽敏静娟艳霞玲燕萍红梅兰凤琼花珍雪琴云莲洁婷倩雅欣怡佳梓涵诗雨萱思琪美玉翠香仙"
_GIVEN = {True: _MALE, False: _FEMALE}
ONE_CHARACTER_SHARE = 0.2


class Names:
    """Draws names."""

    __slots__ = ("_random",)

    def __init__(self, random: Random) -> None:
        self._random = random.random

    def surname(self) -> str:
        """One surname, of one character or two."""
        return SURNAMES[int(self._random() * len(SURNAMES))]

    def given(self, *, male: bool) -> str:
        """One given name: one character for a fifth of the people, else two."""
        draw = self._random
        pool = _GIVEN[male]
        first = pool[int(draw() * len(pool))]
        if draw() < ONE_CHARACTER_SHARE:
            return first
        return first + pool[int(draw() * len(pool))]
