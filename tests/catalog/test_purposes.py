import pytest

from catalog import purposes
from catalog.errors import DefinitionRefused


def test_register_holds_services_and_duties_each_with_its_law() -> None:
    register = purposes.bundled()
    assert {purpose.kind for purpose in register.values()} == {"service", "statutory_duty"}
    assert all("第" in purpose.legal_basis for purpose in register.values())
    assert all(code == purpose.code for code, purpose in register.items())


SOUND = 'kind = "service"\ntitle_zh = "税"\ntitle_en = "Tax"\nlegal_basis = "《法》一条"'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[tax]\n" + SOUND.replace("service", "duty"), "tax.kind"),
        ("[tax]\n" + SOUND[: SOUND.index("legal")], "tax.legal_basis"),
        ("[tax]\n" + SOUND.replace("《法》一条", ""), "tax.legal_basis"),
        ("[tax]\n" + SOUND + "\nx = 1", "tax.x"),
        ('["税"]\n' + SOUND, "税.[key]"),
    ],
)
def test_purpose_without_a_sound_entry_is_refused(text: str, place: str) -> None:
    with pytest.raises(DefinitionRefused) as refused:
        purposes.load(text.encode(), "purposes.toml")
    assert refused.value.facts["place"] == place
