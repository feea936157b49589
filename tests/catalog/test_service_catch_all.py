"""严禁出现“其他材料”: ways to slip a catch-all in, and names that must not be taken for one."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.services.catch_all import catch_all

SLIPPED_IN = (
    """
其他材料|其它材料|其他|其他相关材料|其他有关材料|其他证明材料|其他必要的书面材料|其余材料|另外的材料|别的材料
法律法规规定的其他材料|法律、法规、规章规定的其它材料|法律、行政法规规定的其他材料
法律、行政法规和国务院市场监督管理部门规定提交的其他材料|法律法规规定应当提交的其他有关资料
规定的其他文件|审批机关认为需要的其他文件|主管部门要求提交的其他文件资料|需要提供的其他证明
除上述材料外的其他材料|其他材料（如有）|其他（材料）|其他材料（法律法规规定的）|其他材料。|其他材料1
等材料|有关证明材料|相关资料|证明材料|申请材料|材料|补充材料|根据需要补充的材料|兜底材料|未列明材料
营业执照及其他材料|身份证、其他相关材料|章程和其他|营业执照等材料|身份证明等|身份证等相关证明材料
其他批准文件|其他有关许可证|其他合同|法定必备材料|后续材料|视情提供的材料|零星材料|配套资料
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
DISGUISED = {
    "blanks": "其 他 材 料",
    "ideographic blanks": "其　他　材　料",
    "zero-width": "其\u200b他\u2060材\ufeff料",
    "soft hyphen": "其\u00ad他材料",
    "combining mark": "其\u0301他材料",
    "variation selector": "其\ufe00他材料",
    "control character": "其\x07他材料",
    "brackets": "【其他材料】",
    "dots": "其·他·材·料",
    "hyphens": "其-他-材-料",
    "traditional": "其他證明資料",
    "traditional noun": "規定的其他文件",
    "another he": "其牠材料",
    "another it": "其它資料",
    "list number": "5.其他材料",
    "list number in brackets": "（五）其他材料",
    "list number in Chinese": "五、法律法规规定的其他材料",
    "pinyin": "qita cailiao",
    "a compatibility character": "其他材\uf9be",
    "nothing but dots": "……",
    "a number behind it": "其他材料一",
    "a letter behind it": "其他材料A",
    "a stem behind it": "其他材料甲",
    "a number inside": "其他3份材料",
    "a character that looks alike": "其他材枓",
    "another that looks alike": "亓他材料",
    "half and half": "其他 materials",
}
ENGLISH = (
    """
Other materials|OTHER   relevant documents|other|others|Any other documents required by law|etc.
ｏｔｈｅｒ　ｍａｔｅｒｉａｌｓ
Οther materials|оther materials|other-materials|Miscellaneous documents
Supporting documents|Business licence and other documents|ID card, etc.
Licence and any other papers|All necessary documents
Additional information as required|Further evidence if needed
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
LEGITIMATE = (
    """
营业执照|居民身份证|居民户口簿|出生医学证明|公司章程|授权委托书|租赁合同
批准文件|申请表|承诺书|合同|许可证
其他组织登记证书|营业执照或者其他主体资格证明|其他直系亲属的居民身份证|其他应收款明细表
与其他股东的股权转让协议|食品经营许可申请书|食品安全管理制度|残疾等级证明|三等甲级医院证明|平等就业承诺书
住所使用证明|主要设备设施、经营布局和操作流程文件|场所平面布置图、场所消防设施平面图|法定代表人任职文件
环境影响评价文件|结婚证|委托代理证明书|特殊工种证书|临时用地批准文件|一次性告知书回执|甲级资质证书|住所或者主要经营场所的产权证|初等教育证书
Identity card of the mother|Identity card of the brother|Other heirs' consent|Birth certificate
Lease contract|Business licence or other proof of legal standing|Proof of residence|Company articles
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("name", [name for name in SLIPPED_IN if name])
def test_attack_a_catch_all_is_slipped_in(name: str) -> None:
    assert catch_all(name)


@pytest.mark.parametrize("how", DISGUISED)
def test_attack_a_catch_all_is_disguised(how: str) -> None:
    assert catch_all(DISGUISED[how]), how


@pytest.mark.parametrize("name", [name for name in ENGLISH if name])
def test_attack_a_catch_all_is_slipped_in_in_english(name: str) -> None:
    assert catch_all(name)


@pytest.mark.parametrize("name", [name for name in LEGITIMATE if name])
def test_a_name_that_says_which_paper_is_meant_stands(name: str) -> None:
    assert not catch_all(name)


def test_attack_a_name_that_takes_for_ever_to_look_at() -> None:
    """Words overlap in many ways; a search that goes back and tries again would never end."""
    begun = time.process_time()
    assert not catch_all("证明材料要求需要" * 60 + "租")
    assert time.process_time() - begun < 1


@given(st.sampled_from([*SLIPPED_IN, *ENGLISH]).filter(bool), st.data())
@settings(max_examples=100, deadline=None)
def test_blanks_and_marks_anywhere_change_nothing(name: str, data: st.DataObject) -> None:
    if name.isascii() or any("а" <= one <= "я" or one == "Ο" for one in name):
        name = f" {name} "  # English words are told apart by blanks
    else:
        at = data.draw(st.integers(0, len(name)))
        name = name[:at] + data.draw(st.sampled_from(" 　\u200b·、*-_")) + name[at:]
    assert catch_all(name)
