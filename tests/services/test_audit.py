"""The audit trail: one row per change and one per refused try, in a chain that shows tampering."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from nylasadmin.adapters.storage.tables import audit
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import Privilege
from nylasadmin.errors import InvalidInput, NotFound, NylasAdminError, NylasError, Refused, StaleVersion
from nylasadmin.services.targets import form_of
from tests.services.worlds import OLGA, World

PASSWORD = "correct horse battery"


def form(world: World, **fields: Any) -> Any:
    return replace(form_of(world.services.console.target(world.target.id)), **fields)


CHANGES: dict[str, tuple[str, Callable[[World], object]]] = {
    "a target is added": ("target.add", lambda w: w.services.targets.add(OLGA, form(w, name="New", api_key="nyk_1"))),
    "a target is edited": ("target.edit", lambda w: w.services.targets.edit(OLGA, 1, 1, form(w, name="Other"))),
    "a connection is tested": ("target.test", lambda w: w.services.targets.test(OLGA, 1)),
    "a target is discovered": ("target.discover", lambda w: w.services.targets.discover(OLGA, 1)),
    "a link is switched": ("link.switch", lambda w: w.services.links.edit(OLGA, 1, 1, inbound=True, outbound=False)),
    "links are switched": ("link.switch_many", lambda w: w.services.links.switch_many(OLGA, [1], Direction.GET, False)),
    "a link is removed": ("link.remove", lambda w: w.services.links.remove(OLGA, 1, 1)),
    "a snapshot is asked for": ("snapshot.request", lambda w: w.get()),
    "a snapshot is cancelled": (
        "snapshot.cancel",
        lambda w: w.services.snapshots.cancel(OLGA, w.get(is_preview=False).id),
    ),
    "an operator is added": ("operator.add", lambda w: w.services.operators.add(OLGA, "vera", PASSWORD, [])),
    "an item is put": ("item.put", lambda w: w.put("One")),
    "items are loaded": ("crm.import", lambda w: w.services.crm.load(OLGA, [])),
    "a sign-out": ("operator.sign_out", lambda w: w.services.operators.sign_out(OLGA)),
}


def trail(world: World) -> list[tuple[str, str, str]]:
    return [(r["actor"], r["action"], r["outcome"]) for r in world.rows("audit")]


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_leaves_exactly_one_row(world: World, name: str) -> None:
    action, change = CHANGES[name]
    if action == "snapshot.cancel":
        world.get()
    before = len(trail(world)) + (action == "snapshot.cancel")

    change(world)

    assert trail(world)[before:] == [("olga", action, "done")]


REFUSED: dict[str, tuple[str, type[NylasAdminError], Callable[[World], object]]] = {
    "a target without a name": ("target.add", InvalidInput, lambda w: w.services.targets.add(OLGA, form(w, name=""))),
    "a target that has changed": ("target.edit", StaleVersion, lambda w: w.services.targets.edit(OLGA, 1, 9, form(w))),
    "a target that is not there": ("target.edit", NotFound, lambda w: w.services.targets.edit(OLGA, 9, 1, form(w))),
    "a target with links": ("target.remove", Refused, lambda w: w.services.targets.remove(OLGA, 1, "Sandbox")),
    "discovering nothing": ("target.discover", NotFound, lambda w: w.services.targets.discover(OLGA, 9)),
    "a link that has changed": (
        "link.switch", StaleVersion, lambda w: w.services.links.edit(OLGA, 1, 9, inbound=True, outbound=True),
    ),
    "a link that is not there": ("link.remove", NotFound, lambda w: w.services.links.remove(OLGA, 9, 1)),
    "a snapshot of nothing": ("snapshot.request", NotFound, lambda w: w.get(link_id=9)),
    "cancelling nothing": ("snapshot.cancel", NotFound, lambda w: w.services.snapshots.cancel(OLGA, 9)),
    "cancelling no run": ("run.cancel", NotFound, lambda w: w.services.snapshots.cancel_run(OLGA, 9)),
    "approving nothing": ("run.approve", NotFound, lambda w: w.services.answers.approve(OLGA, 9, 1, "x")),
    "trying nothing again": ("snapshot.retry", NotFound, lambda w: w.services.snapshots.retry(OLGA, 9)),
    "a short password": ("operator.add", InvalidInput, lambda w: w.services.operators.add(OLGA, "vera", "short", [])),
    "a privilege for nobody": (
        "operator.privileges", NotFound, lambda w: w.services.operators.grant(OLGA, "nobody", Privilege.VIEW),
    ),
    "an item of nobody": ("item.put", NotFound, lambda w: w.put("One", user=7)),
    "deleting no item": ("item.delete", NotFound, lambda w: w.services.crm.delete(OLGA, "nothing")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_every_refused_try_leaves_exactly_one_row(world: World, name: str) -> None:
    action, kind, change = REFUSED[name]
    before = len(trail(world))

    with pytest.raises(kind):
        change(world)

    assert trail(world)[before:] == [("olga", action, "refused")]


def test_a_refused_try_names_its_subject_as_the_rows_of_what_was_done_do(world: World) -> None:
    world.services.operators.add(OLGA, "adam", PASSWORD, [Privilege.OPERATORS])
    adam = world.services.operators.by_name("adam").id
    world.services.links.switch_many(OLGA, [1], Direction.SEND, False)
    tries: list[Callable[[], object]] = [
        lambda: world.services.targets.remove(OLGA, 1, "Box"),
        lambda: world.services.links.edit(OLGA, 1, 9, inbound=True, outbound=True),
        lambda: world.services.operators.set_password(OLGA, adam, "short"),
        lambda: world.services.targets.discover(OLGA, 9),
        lambda: world.send(),
    ]
    for refused in tries:
        with pytest.raises(NylasAdminError):
            refused()

    link = world.link()
    assert [row["subject"] for row in world.rows("audit")[-5:]] == [
        "target Sandbox",
        f"link 1 {link.folder_owner} · {link.folder_name}",
        "operator adam",
        "target 9",
        "send snapshot of target Sandbox",
    ]


def test_a_discovery_that_failed_is_noted_with_its_cause(world: World) -> None:
    world.fault("status", status=500, path_contains="/grants")

    with pytest.raises(NylasError):
        world.services.targets.discover(OLGA, world.target.id)

    last = world.rows("audit")[-1]
    assert (last["action"], last["outcome"]) == ("target.discover", "failed")
    assert "in trouble" in last["new"]


def test_a_wrong_password_is_noted_once_and_does_not_say_which_part_was_wrong(world: World) -> None:
    world.services.operators.add(OLGA, "vera", PASSWORD, [])
    before = len(trail(world))

    for username, password in (("vera", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(InvalidInput) as refused:
            world.services.operators.sign_in(username, password, "10.0.0.9")
        assert list(refused.value.fields) == ["password"]

    assert trail(world)[before:] == [("vera", "operator.sign_in", "denied"), ("nobody", "operator.sign_in", "denied")]


def test_looking_ahead_leaves_no_row(world: World) -> None:
    before = len(trail(world))

    world.get(is_preview=True)
    with pytest.raises(NotFound):
        world.get(is_preview=True, link_id=99)

    assert len(trail(world)) == before


def test_no_row_holds_a_secret(world: World) -> None:
    target = world.services.console.target(world.target.id)
    world.services.targets.edit(
        OLGA, target.id, target.version, form(world, api_key="nyk_s3cret", notification_secret="wh_s3cret")
    )
    with pytest.raises(InvalidInput):
        world.services.targets.add(OLGA, form(world, name="", api_key="nyk_s3cret"))
    world.services.operators.add(OLGA, "vera", PASSWORD, [])

    everything = repr(world.rows("audit"))

    assert "s3cret" not in everything
    assert PASSWORD not in everything
    assert world.box.api_key not in everything
    assert '"api_key":"replaced"' in everything


def test_a_row_that_was_changed_afterwards_is_found(world: World) -> None:
    world.get()
    assert world.services.audit.first_broken() is None
    with world.product.engine.begin() as connection:
        connection.execute(update(audit).where(audit.c.id == 2).values(actor="nobody"))

    assert world.services.audit.first_broken() == 2
