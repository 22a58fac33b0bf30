"""What a snapshot would do with one item now, in words."""

from __future__ import annotations

from nylasadmin.domain.explaining import Side
from nylasadmin.domain.plan import Action, ActionKind, Direction
from nylasadmin.services.explain_wording import in_or_at
from nylasadmin.services.wording import DIRECTIONS, Wording, reason


def doing(direction: Direction, action: Action | None, *, is_known: bool) -> Wording:
    """Say what a snapshot would do with an item now, and why."""
    if action is None:
        silent = Wording("Nobody can tell", "Nylas could not be asked")
        return Wording("Nothing", "no such snapshot would see it") if is_known else silent
    why = reason(direction, action.reason)
    return Wording(
        _DOES[action.kind].format(there=in_or_at(Side(DIRECTIONS[direction].loser))), f"{why.title}: {why.advice}"
    )


_DOES = {
    ActionKind.CREATE: "Create it {there}",
    ActionKind.UPDATE: "Overwrite it {there}",
    ActionKind.DELETE: "Delete it {there}",
    ActionKind.ADOPT: "Remember that both belong together",
    ActionKind.FORGET: "Forget that both belonged together",
    ActionKind.UNCHANGED: "Nothing",
    ActionKind.KEEP: "Leave it {there}",
    ActionKind.OUTSIDE: "Leave it alone",
    ActionKind.SKIP: "Leave it alone",
}
