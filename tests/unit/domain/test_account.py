"""Who may do what: roles, scopes and tokens."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.account import (
    ANONYMOUS,
    CONSOLE,
    NEEDED,
    Accounts,
    Principal,
    Role,
    Token,
    User,
    check_name,
    check_password,
    covers,
    digest_of,
)
from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import messages as m
from tests.fakes import NOON

SECRET = "spc_ab12_" + "0f" * 32


def accounts(*, user=(), **token):
    kim = User(**{"name": "kim", "roles": (Role.OPERATOR,), "created_at": NOON, **dict(user)})
    key = Token(**{"id": "ab12", "digest": digest_of(SECRET), "user": "kim", "created_at": NOON, **token})
    return Accounts({"kim": kim}, {"ab12": key})


def test_that_every_command_and_query_of_the_protocol_says_which_role_it_needs():
    tags = {str(kind.__struct_config__.tag) for kind in (*m.AnyCommand.__args__, *m.AnyQuery.__args__)}
    assert tags <= set(NEEDED), sorted(tags - set(NEEDED))


def test_that_a_command_nobody_thought_about_is_open_to_administrators_only():
    assert not Principal(name="lee", roles=frozenset({Role.ENGINEER})).may("erase_everything")
    assert CONSOLE.may("erase_everything")


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.DEVICE, {"ingest", "publish_alert", "ping"}, {"get_alerts", "subscribe", "ack", "add_user"}),
        (Role.VIEWER, {"get_alerts", "subscribe"}, {"ack", "ingest", "set_limits", "add_user"}),
        (Role.OPERATOR, {"ack", "assign", "ingest"}, {"resolve", "set_limits", "add_user"}),
        (Role.ENGINEER, {"resolve", "set_limits", "save_catalogue"}, {"add_user", "get_tokens"}),
        (Role.ADMIN, set(NEEDED), set()),
    ],
)
def test_that_a_role_opens_its_commands_and_no_others(role, may, may_not):
    who = Principal(roles=frozenset({role}))
    assert {tag for tag in may | may_not if who.may(tag)} == may


def test_that_who_sits_at_the_station_may_do_all_but_administer_accounts():
    closed = {tag for tag in NEEDED if not ANONYMOUS.may(tag)}
    assert closed == {tag for tag, role in NEEDED.items() if role is Role.ADMIN}


def test_that_a_token_speaks_for_its_user():
    who = accounts().bearer(SECRET, NOON)
    assert (who.name, who.roles, who.products, who.token_id) == ("kim", {Role.OPERATOR}, None, "ab12")


@pytest.mark.parametrize(
    "text", ["", "spc_ab12_" + "0e" * 32, "spc_zz_" + "0f" * 32, SECRET + "0", "Bearer " + SECRET, "\ud800", "x" * 99]
)
def test_that_any_other_text_is_nobody(text):
    assert accounts().bearer(text, NOON) is None


@pytest.mark.parametrize(
    ("user", "token", "after"),
    [
        ({"active": False}, {}, 0),
        ({}, {"revoked_at": NOON}, 0),
        ({}, {"expires_at": NOON + timedelta(days=1)}, 86_400),
    ],
)
def test_that_a_token_ends_with_its_user_its_time_or_its_revocation(user, token, after):
    assert accounts(user=user, **token).bearer(SECRET, NOON + timedelta(seconds=after)) is None


def test_that_a_token_never_has_more_rights_than_its_user():
    who = accounts(user={"products": (1, 2)}, roles=(Role.ADMIN, Role.VIEWER), products=(2, 3)).bearer(SECRET, NOON)
    assert (who.roles, who.products) == ({Role.VIEWER}, {2})


@given(st.sets(st.sampled_from(Role)), st.sampled_from(Role))
def test_that_more_roles_never_open_less(roles, more):
    opened = {tag for tag, needed in NEEDED.items() if covers(roles, needed)}
    assert opened <= {tag for tag, needed in NEEDED.items() if covers(roles | {more}, needed)}


@pytest.mark.parametrize("name", ["", " kim", "a\nb", "x" * 65, "kim;drop", "a  b"])
def test_that_a_name_that_cannot_be_told_apart_is_refused(name):
    with pytest.raises(UserError) as refused:
        check_name(name)
    assert refused.value.code == "bad_user_name"


def test_that_names_may_be_korean_and_capitals_make_no_difference():
    assert check_name("김 철수") == "김 철수"
    assert accounts().named("KIM").name == "kim"


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaa", "x" * 257, "Operator-Kim"])
def test_that_a_password_to_be_guessed_is_refused(password):
    with pytest.raises(UserError) as refused:
        check_password("operator-kim", password)
    assert refused.value.code == "bad_password"
