"""What the city's enterprises do, and which approvals that takes."""

from dataclasses import dataclass

from hub.ops.city import offices
from hub.ops.city.offices import Office


@dataclass(frozen=True, slots=True)
class Permit:
    """A kind of approval: certificate, letters before its number, what it allows, and by whom."""

    certificate: str
    letters: str
    content: str
    category: str
    offices: tuple[Office, ...]
    sign: str


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business: the word in the name, the scope, the approvals and a usual violation."""

    word: str
    scope: str
    permits: tuple[Permit, ...]
    violation: str
    facts: str


FOOD = Permit("食品经营许可证", "JY", "食品销售；热食类食品制售", "普通", offices.MARKET, "市监")
HYGIENE = Permit("卫生许可证", "WS", "公共场所卫生", "普通", offices.HEALTH, "卫")
BUILDING = Permit("建筑施工企业安全生产许可证", "AQ", "建筑施工", "普通", offices.HOUSING, "建")
CHEMICALS = Permit(
    "危险化学品经营许可证", "WH", "危险化学品经营", "普通", offices.EMERGENCY, "应急"
)
SEEDS = Permit("农药经营许可证", "NY", "农药零售", "普通", offices.AGRICULTURE, "农")
HAULAGE = Permit("道路运输经营许可证", "YS", "道路普通货物运输", "普通", offices.TRANSPORT, "交")
LODGING = Permit("旅行社业务经营许可证", "LY", "境内旅游业务", "普通", offices.CULTURE, "文旅")
DISCHARGE = Permit("排污许可证", "PW", "排放水污染物、大气污染物", "核准", offices.ECOLOGY, "环")
METROLOGY = Permit("计量标准考核证书", "JL", "计量标准考核", "认可", offices.MARKET, "市监")

_LABEL = ("虚假宣传", "在经营场所作引人误解的商业宣传")
_FOOD = ("经营超过保质期的食品", "货架上陈列销售超过保质期的食品")
_SITE = ("未按规定采取安全防护措施", "施工现场临边防护缺失")
_FUMES = ("未按规定排放污染物", "油烟净化设施未正常使用")
_LOAD = ("超限运输", "车辆装载超过核定载质量")

TRADES = (
    Trade("餐饮", "餐饮服务；食品销售", (FOOD, HYGIENE), *_FOOD),
    Trade("食品", "食品生产；食品销售；食用农产品批发", (FOOD, DISCHARGE), *_FOOD),
    Trade("酒店管理", "住宿服务；餐饮服务；会议服务", (HYGIENE, FOOD), *_FUMES),
    Trade("建筑工程", "建设工程施工；建筑材料销售", (BUILDING,), *_SITE),
    Trade("装饰", "住宅室内装饰装修；五金产品零售", (), *_LABEL),
    Trade("商贸", "日用百货销售；家用电器销售；针纺织品销售", (), *_LABEL),
    Trade("农业", "农副产品种植、收购、销售；农业技术推广", (SEEDS,), *_LABEL),
    Trade("花卉", "花卉种植；花卉销售；园林绿化工程施工", (), *_LABEL),
    Trade("物流", "道路货物运输；仓储服务；装卸搬运", (HAULAGE,), *_LOAD),
    Trade("化工", "化工产品销售；危险化学品经营", (CHEMICALS, DISCHARGE), *_FUMES),
    Trade("旅游", "旅游业务；会议及展览服务", (LODGING,), *_LABEL),
    Trade("机械", "机械零件加工；通用设备修理；计量器具检定", (METROLOGY, DISCHARGE), *_SITE),
    Trade("信息技术", "软件开发；信息系统集成服务；办公设备销售", (), *_LABEL),
    Trade("文化传媒", "广告设计、制作、发布；组织文化艺术交流活动", (), *_LABEL),
    Trade("医药", "药品零售；第二类医疗器械销售", (FOOD,), *_LABEL),
    Trade("物业服务", "物业管理；停车场服务；家政服务", (), *_SITE),
)
COOPERATIVE = Trade("种植养殖", "组织收购、销售成员种植、养殖的农产品", (SEEDS,), *_LABEL)

BRAND = "云玉聂抚星秀红金鑫瑞祥和顺兴隆达盛宏恒泰安康福源丰润泽华宇腾飞诚信佳美众联创新磨"
