"""The table of who may do what, and the page that prints it."""

import pytest

from app.core.enums import ActorKind, KeyScope, Role
from app.core.scope import MemberScope
from app.domain import permissions
from app.domain.permissions import TABLE, Action, NotPermitted, is_allowed, require
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "permissions.md"


def actor(role: Role | None = None, *key_scopes: KeyScope) -> MemberScope:
    """Someone in an organization."""
    return MemberScope(  # the test's own: nothing is read with it
        organization_id="org_1",
        actor_kind=ActorKind.USER if role else ActorKind.API_KEY,
        actor_id="usr_1",
        actor_name="ann@acme.test",
        role=role,
        key_scopes=frozenset(key_scopes),
    )


def test_the_page_shows_the_table() -> None:
    how = "write permissions.as_markdown() over the table in docs/permissions.md"
    assert PAGE.read_text().endswith("\n" + permissions.as_markdown()), how


def test_every_action_stands_in_the_table_and_an_owner_may_do_it() -> None:
    assert set(TABLE) == set(Action)
    assert [action for action in Action if not is_allowed(action, Role.OWNER)] == []


def test_an_admin_may_do_what_a_member_may_and_an_owner_what_an_admin_may() -> None:
    for action in Action:
        allowed = [is_allowed(action, role) for role in (Role.MEMBER, Role.ADMIN, Role.OWNER)]
        assert allowed == sorted(allowed), action


def test_no_key_reaches_people_keys_or_the_audit_log() -> None:
    reached = {action for action in Action if is_allowed(action, None, set(KeyScope))}
    assert not reached & {
        Action.EDIT_ORGANIZATION,
        Action.MANAGE_MEMBERS,
        Action.MANAGE_OWNERS,
        Action.READ_INVITATIONS,
        Action.INVITE,
        Action.READ_API_KEYS,
        Action.MANAGE_API_KEYS,
        Action.READ_AUDIT_LOG,
    }


def test_a_key_to_read_changes_nothing() -> None:
    reached = {action for action in Action if is_allowed(action, None, {KeyScope.READ})}
    assert {action for action in reached if not action.endswith(".read")} == set()


def test_neither_role_nor_scope_may_do_nothing() -> None:
    assert [action for action in Action if is_allowed(action, None)] == []


@pytest.mark.parametrize(
    ("who", "action", "told"),
    [
        (actor(Role.MEMBER), Action.INVITE, "Ask someone with the role admin or owner."),
        (actor(None, KeyScope.READ), Action.WRITE_WALKTHROUGHS, "It needs the scope write."),
        (actor(None, *KeyScope), Action.INVITE, "Sign in as a member."),
    ],
)
def test_a_refusal_says_who_may(who: MemberScope, action: Action, told: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        require(who, action)
    assert refused.value.message.endswith(told)
    assert refused.value.code == "not_permitted"
