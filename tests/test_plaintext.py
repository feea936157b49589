"""The searcher finds what is planted in every form: or that it finds nothing would say nothing."""

import gzip
import os
import subprocess
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from plaintext import CHUNK, Found, Plaintext, forms, people_of

NUMBER = "110105194912310021"
NAME = "欧阳建国"
SOUGHT = Plaintext([NUMBER, NAME, "诸葛明"])


def planted(folder: Path, data: bytes, *, before: int = 1000) -> list[Found]:
    """What is found of ``data`` in the midst of random bytes.

    No zero beside it: digits in UTF-16 with one would stand there in the other byte order too.
    """
    sealed = os.urandom(before)[:-1] + b"\xff" * (before > 0)
    (folder / "sealed.db").write_bytes(sealed + data + b"\xff" + os.urandom(1000))
    return SOUGHT.in_folder(folder)


@pytest.mark.parametrize("value", [NUMBER, NAME])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_value_in_a_text_encoding_is_found(tmp_path: Path, encoding: str, value: str) -> None:
    (found,) = planted(tmp_path, value.encode(encoding))
    assert (found.value, found.form, found.position) == (value, encoding, 1000)


@pytest.mark.parametrize("value", [NUMBER, NAME])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("alignment", range(3))
def test_a_value_within_base64_is_found(
    tmp_path: Path, alignment: int, encode: Callable[[bytes], bytes], value: str
) -> None:
    (found,) = planted(tmp_path, encode(os.urandom(alignment + 3) + value.encode() + b"\xff\xff"))
    assert found.value == value
    assert found.form.startswith("base64")


@pytest.mark.parametrize("value", [NUMBER, NAME])
@pytest.mark.parametrize("letters", [str.lower, str.upper])
def test_a_value_in_hexadecimal_is_found(
    tmp_path: Path, letters: Callable[[str], str], value: str
) -> None:
    (found,) = planted(tmp_path, letters(value.encode().hex()).encode())
    assert (found.value, found.form.lower()) == (value, "hex")


def test_a_name_in_json_escapes_is_found(tmp_path: Path) -> None:
    (found,) = planted(tmp_path, rb'{"name": "\u6b27\u9633\u5efa\u56fd"}')
    assert (found.value, found.form) == (NAME, "json")


@pytest.mark.parametrize("value", [NUMBER, NAME])
@pytest.mark.parametrize("deflate", [zlib.compress, gzip.compress])
def test_a_value_in_a_deflated_member_is_found(
    tmp_path: Path, deflate: Callable[[bytes], bytes], value: str
) -> None:
    found = planted(tmp_path, deflate(b"row," * 50 + value.encode()))
    assert (value, ("zlib@1000",)) in {(one.value, one.inside) for one in found}


def test_a_value_in_a_member_within_a_member_is_found(tmp_path: Path) -> None:
    found = planted(tmp_path, zlib.compress(b"x" * 9 + gzip.compress(NUMBER.encode())))
    assert NUMBER in {one.value for one in found if len(one.inside) == 2}


@pytest.mark.parametrize("value", [NUMBER, NAME])
def test_a_value_in_a_zstd_frame_is_found(
    tmp_path: Path, command: Callable[[str], str], value: str
) -> None:
    text = f"before, {value}\nafter".encode()
    frame = subprocess.run([command("zstd"), "-c"], input=text, capture_output=True, check=True)
    found = planted(tmp_path, frame.stdout)
    assert (value, ("zstd@1000",)) in {(one.value, one.inside) for one in found}


@pytest.mark.parametrize(
    "at", [0, 1, 2, 3, CHUNK - 20, CHUNK - 17, CHUNK - 1, CHUNK, 3 * CHUNK + 1]
)
def test_a_value_is_found_wherever_it_lies(tmp_path: Path, at: int) -> None:
    (found,) = planted(tmp_path, NUMBER.encode(), before=at)
    assert found.position == at


def test_a_value_at_the_very_end_is_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(os.urandom(77) + NUMBER.encode())
    assert [one.position for one in SOUGHT.in_folder(tmp_path)] == [77]


def test_a_value_in_the_name_of_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / f"{NUMBER}.json").touch()
    (found,) = SOUGHT.in_folder(tmp_path)
    assert found.value == NUMBER


def test_random_bytes_hold_nothing(tmp_path: Path) -> None:
    assert planted(tmp_path, os.urandom(4 << 20)) == []


def test_a_value_too_short_to_tell_from_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Plaintext(["王"])


def test_forms_of_a_value_are_distinct() -> None:
    patterns = list(forms(NAME).values())
    assert len(set(patterns)) == len(patterns)


def test_people_are_read_from_a_city(tmp_path: Path) -> None:
    file = tmp_path / "resident.csv"
    file.write_text(f"公民身份号码,姓名,曾用名\n{NUMBER},{NAME},\n1,张三,\n", encoding="utf-8")
    assert people_of(file) == [NUMBER, "1", NAME]
