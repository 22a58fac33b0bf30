"""The advanced settings of a target: both policies, their picture while one types, and what they would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nylasadmin.domain.policies import MOST_SYNC_DAYS, FrozenPolicy, PlanLevel, Policies, freeze, problems
from nylasadmin.domain.privileges import Privilege
from nylasadmin.domain.targets import Target
from nylasadmin.domain.verdicts import dated_span
from nylasadmin.errors import InvalidInput, StaleVersion
from nylasadmin.services.policy_views import Changes
from nylasadmin.services.policy_wording import (
    change_words,
    counted_words,
    frozen_words,
    history_words,
    settings_words,
    sync_words,
    webhook_words,
)
from nylasadmin.web import deeds, htmx, numbers, policy_form, timelines
from nylasadmin.web.current import actor, now, services
from nylasadmin.web.security import needs

blueprint = Blueprint("policies", __name__)

SAVED = "Saved. It applies to accounts that connect from now on; the others keep what they have."


@blueprint.get("/targets/<int:target_id>/policies")
@needs(Privilege.VIEW)
def edit(target_id: int) -> ResponseReturnValue:
    target = services().targets.get(target_id)
    return _form(target, policy_form.stored(target.policies))


@blueprint.post("/targets/<int:target_id>/policies")
@needs(Privilege.MANAGE)
def save(target_id: int) -> ResponseReturnValue:
    target = services().targets.get(target_id)
    wanted, wrong = policy_form.parse(request.form)
    if wanted is None:
        _note(wrong)
        return _refused(target, wrong)
    try:
        services().policies.save(actor(), target_id, request.form.get("version", 0, type=numbers.number), wanted)
    except InvalidInput as error:
        return _refused(target, error.fields)
    except StaleVersion:
        return _stale(services().targets.get(target_id))
    return htmx.done(url_for("targets.page", target_id=target_id), SAVED, targetsChanged={})


@blueprint.get("/panels/targets/<int:target_id>/policies")
@needs(Privilege.VIEW)
def picture(target_id: int) -> ResponseReturnValue:
    """Draw what is being typed; nothing is stored."""
    target = services().targets.get(target_id)
    return htmx.panel("policies/_picture.html", target=target, **_picture(request.args))


@blueprint.post("/targets/<int:target_id>/policies/count")
@needs(Privilege.MANAGE)
def count(target_id: int) -> ResponseReturnValue:
    """Count what would change if each account that is connected followed what is being typed."""
    target = services().targets.get(target_id)
    wanted, wrong = policy_form.parse(request.form)
    changes: Changes | None = None
    if wanted is None:
        _note(wrong)
    else:
        try:
            changes = services().policies.count(actor(), target_id, wanted)
        except InvalidInput as error:
            wrong = error.fields
    counted = _changes(changes, wanted)
    if not htmx.is_htmx():
        return _refused(target, wrong) if wrong else _form(target, request.form, **counted)
    values = counted | {"not_counted": next(iter(wrong.values()), "")}
    return make_response(render_template("policies/_changes.html", **values), 422 if wrong else 200)


def _note(wrong: Mapping[str, str]) -> None:
    """Note a try whose fields cannot even be read: it reaches no use case."""
    deeds.refused(f"cannot be read: {', '.join(sorted(wrong))}")


def _refused(target: Target, wrong: Mapping[str, str]) -> ResponseReturnValue:
    return _form(target, request.form, wrong=wrong)


def _stale(target: Target) -> ResponseReturnValue:
    return _form(target, request.form, stored=policy_form.differing(request.form, target.policies), status=409)


def _form(target: Target, typed: Mapping[str, str], **more: Any) -> ResponseReturnValue:
    wrong = more.get("wrong", {})
    status = more.pop("status", 422 if wrong else 200)
    is_stale = status == 409
    version = target.version if is_stale else request.form.get("version", target.version, type=numbers.number)
    values = {
        "typed": typed,
        "wrong": wrong,
        "stored": {},
        "version": version,
        "is_stale": is_stale,
        "plans": tuple((str(plan), _plan_words(plan)) for plan in PlanLevel),
        "kept": tuple(map(frozen_words, services().policies.frozen(target.id))),
        **_changes(),
        **_picture(typed),
    }
    return htmx.form("policies/edit.html", status, target=target, **(values | more))


def _plan_words(plan: PlanLevel) -> str:
    most = MOST_SYNC_DAYS[plan]
    return f"{str(plan).capitalize()} · {'any number of days' if most is None else f'up to {most} days'}"


def _picture(typed: Mapping[str, str]) -> dict[str, Any]:
    """Give the picture of an account that connects now; where something is wrong, that in place of it."""
    wanted, wrong = policy_form.parse(typed)
    wrong = wrong if wanted is None else problems(wanted)
    if wanted is None or wrong:
        return {"line": None, "policy_said": None, "unclear": wrong}
    frozen = freeze(wanted, now())
    return {"line": timelines.draw(frozen, now(), now()), "policy_said": said(frozen, now()), "unclear": {}}


def said(policy: FrozenPolicy, connected_at: int) -> dict[str, str]:
    """Say a time line in words."""
    return {"sync": sync_words(policy, connected_at), "webhook": webhook_words(policy, connected_at)}


def _changes(changes: Changes | None = None, wanted: Policies | None = None) -> dict[str, Any]:
    """Give what the counting has found; nothing before it."""
    if changes is None or wanted is None:
        return {"changes": None, "change_rows": (), "counted": "", "not_counted": ""}
    rows = tuple((change_words(account), account.email, account.problem) for account in changes.accounts)
    counted = f"With {settings_words(wanted)}: {counted_words(changes)}"
    return {"changes": changes, "change_rows": rows, "counted": counted, "not_counted": ""}


# --- the time line in the folder panel --------------------------------------------------------------------------


@blueprint.get("/panels/links/<int:link_id>/timeline")
@needs(Privilege.VIEW)
def timeline(link_id: int) -> ResponseReturnValue:
    return htmx.panel("links/_timeline.html", **timeline_values(link_id))


def timeline_values(link_id: int) -> dict[str, Any]:
    """Give the time line of a link's account and items; nothing when the panel asks for itself, so that it stays."""
    if htmx.refreshes_itself() and request.endpoint != "policies.timeline":
        return {"link_id": link_id, "line": None}
    history = services().policies.history(link_id)
    items = [dated_span(history.item_type, seen, is_recurring=seen.is_recurring) for seen in history.seen]
    line = timelines.draw(history.policy, history.connected_at, now(), items)
    return {
        "link_id": link_id,
        "line": line,
        "policy_said": said(history.policy, history.connected_at),
        "history_said": history_words(line.inside, line.outside, line.undated, history.items),
    }
