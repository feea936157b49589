"""What each role may do."""

from dataclasses import dataclass

import pytest

from hub.errors import Forbidden
from hub.people.permissions import (
    ALLOWED,
    ROLES,
    PasswordInitial,
    Permission,
    Role,
    may,
    require,
)


@dataclass(frozen=True)
class Someone:
    roles: frozenset[Role]
    must_change: bool = False


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (
            "officer",
            {
                "read-delegations",
                "ask",
                "file-materials",
                "open-cases",
                "read-cases",
                "read-own-grants",
                "raise-objections",
                "read-objections",
            },
        ),
        (
            "steward",
            {
                "read-delegations",
                "draft-delegations",
                "manage-licences",
                "read-entries",
                "draft-entries",
                "read-own-grants",
                "read-given-grants",
                "raise-objections",
                "answer-objections",
                "read-objections",
                "read-publications",
                "decide-publications",
                "read-applications",
                "apply",
                "reply",
                "manage-services",
                "read-cases",
                "read-matrix",
                "read-usage",
                "account-for-use",
                "read-stops",
            },
        ),
        (
            "head",
            {
                "delegate",
                "read-delegations",
                "read-applications",
                "read-cases",
                "read-reuse",
                "sign-applications",
                "sign-replies",
                "settle-disputes",
                "read-entries",
                "approve-entries",
                "read-own-grants",
                "read-given-grants",
                "oversee-objections",
                "read-objections",
                "read-matrix",
                "read-usage",
                "ask-for-disposition",
                "sign-accounts",
                "stop",
                "read-stops",
            },
        ),
        (
            "administrator",
            {
                "end-delegations",
                "read-all-delegations",
                "read-all-entries",
                "review-entries",
                "read-all-grants",
                "read-all-objections",
                "change-grants",
                "admit",
                "manage-people",
                "read-admitted",
                "read-people",
                "rotate-keys",
                "read-retention",
                "erase",
                "hold",
                "read-all-applications",
                "consent-to-time",
                "settle-disputes",
                "correct-calendar",
                "manage-all-services",
                "manage-rules",
                "read-reuse",
                "read-matrix",
                "read-usage",
                "stop",
                "read-stops",
            },
        ),
        (
            "auditor",
            {
                "read-all-delegations",
                "read-all-entries",
                "read-all-grants",
                "read-all-objections",
                "read-log",
                "read-admitted",
                "read-people",
                "read-retention",
                "hold",
                "release-holds",
                "read-all-applications",
                "read-all-cases",
                "read-reuse",
                "read-matrix",
                "read-usage",
                "read-stops",
            },
        ),
    ],
)
def test_each_role_may_do_this_and_nothing_else(role: Role, permissions: set[str]) -> None:
    person = Someone(frozenset({role}))
    assert {p.value for p in Permission if may(person, p)} == permissions


def test_the_table_knows_every_permission_and_no_other_role() -> None:
    assert set(ALLOWED) == set(Permission)
    assert set().union(*ALLOWED.values()) == set(ROLES)


def test_nobody_who_gives_access_reads_the_log() -> None:
    giving = ALLOWED[Permission.CHANGE_GRANTS] | ALLOWED[Permission.MANAGE_PEOPLE]
    assert giving.isdisjoint(ALLOWED[Permission.READ_LOG])


@pytest.mark.parametrize(
    ("writes", "signs"),
    [
        (Permission.APPLY, Permission.SIGN_APPLICATIONS),
        (Permission.REPLY, Permission.SIGN_REPLIES),
        (Permission.ACCOUNT_FOR_USE, Permission.SIGN_ACCOUNTS),
    ],
)
def test_no_role_both_writes_and_signs(writes: Permission, signs: Permission) -> None:
    assert ALLOWED[writes].isdisjoint(ALLOWED[signs])


def test_nobody_alone_destroys_what_somebody_wanted_kept() -> None:
    assert ALLOWED[Permission.ERASE].isdisjoint(ALLOWED[Permission.RELEASE_HOLDS])


def test_what_is_not_held_is_refused() -> None:
    require(Someone(frozenset({"officer"})), Permission.ADMIT, Permission.ASK)
    with pytest.raises(Forbidden):
        require(Someone(frozenset({"officer"})), Permission.ADMIT)
    with pytest.raises(Forbidden):
        require(Someone(frozenset()), *Permission)


@pytest.mark.parametrize("role", ROLES)
def test_attack_working_with_a_password_that_somebody_else_knows(role: Role) -> None:
    person = Someone(frozenset({role}), must_change=True)
    assert not any(may(person, permission) for permission in Permission)
    for permission in Permission:
        with pytest.raises(PasswordInitial):
            require(person, permission)
