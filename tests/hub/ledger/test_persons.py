"""Keys of *person* parts: counted by the one process that uses them, and followed in time."""

from typing import TYPE_CHECKING

import pytest
from world.time import DAY, HOUR, NOW

from certs.errors import SealBroken
from certs.sealing import SealingKey
from hub.clock import month
from hub.ledger import persons
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys

if TYPE_CHECKING:
    from conftest import Book


def another(book: "Book") -> PersonKeys:
    """The keys as another process has them."""
    return PersonKeys(book.store.connection, MonthKeys(book.folder.keys, book.master))


def rows(book: "Book") -> int:
    ((count,),) = book.rows("SELECT count(*) FROM person_keys")
    assert isinstance(count, int)
    return count


def test_one_key_serves_a_process_for_its_month(book: "Book") -> None:
    first = book.persons.current("default", NOW, book.store)
    for time in (NOW, NOW + HOUR, NOW + 2 * HOUR):
        assert book.persons.current("default", time, book.store) is first
    assert rows(book) == 1


def test_each_process_has_a_key_of_its_own(book: "Book") -> None:
    """Else none of them could know how often the key has sealed."""
    other = another(book)
    first = book.persons.current("default", NOW, book.store)
    second = other.current("default", NOW, book.store)
    assert first[0] != second[0]
    part = first[1].seal(b"s" * 32 + b"{}", b"digest")
    assert other.open(part, first[0], "digest") == (b"s" * 32, b"{}")
    again = another(book).current("default", NOW, book.store)
    assert again[0] not in {first[0], second[0]}, "started again"


def test_a_key_that_has_sealed_enough_is_followed_by_another(
    book: "Book", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persons, "SEALS", 3)
    used: list[tuple[int, SealingKey]] = []
    for _ in range(7):
        used.append(book.persons.current("default", NOW, book.store))
        used[-1][1].seal(b"", b"")
    numbers = [number for number, _ in used]
    assert [numbers.count(number) for number in dict.fromkeys(numbers)] == [3, 3, 1]


def test_the_limit_leaves_room_for_what_is_under_way() -> None:
    assert 2 * persons.SEALS <= 1 << 31


def test_a_month_and_a_class_have_keys_of_their_own(book: "Book") -> None:
    later = NOW + 40 * DAY
    assert month(later) != month(NOW)
    keys = [
        book.persons.current(*which, book.store)
        for which in (("default", NOW), ("credit", NOW), ("default", later), ("credit", later))
    ]
    assert len({number for number, _ in keys}) == 4
    assert book.rows("SELECT retention, month FROM person_keys ORDER BY id") == [
        ("default", month(NOW)),
        ("credit", month(NOW)),
        ("default", month(later)),
        ("credit", month(later)),
    ]


def test_an_erased_key_seals_nothing_from_the_next_hour_on(book: "Book") -> None:
    number, _ = book.persons.current("default", NOW, book.store)
    book.store.connection.execute("UPDATE person_keys SET wrapped = NULL")
    assert book.persons.current("default", NOW + HOUR, book.store)[0] != number
    with pytest.raises(SealBroken):
        another(book).numbered(number)
