"""Links: their two switches, and removing them."""

from __future__ import annotations

from collections.abc import Sequence

from nylasadmin.domain.items import ItemType
from nylasadmin.domain.kinds import is_inbound_only
from nylasadmin.domain.links import Link
from nylasadmin.domain.plan import Direction
from nylasadmin.domain.privileges import Actor
from nylasadmin.errors import InvalidInput, Refused, StaleVersion
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.storage import Storage

_INBOUND_ONLY = [item_type for item_type in ItemType if is_inbound_only(item_type)]


class Links:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @noting_refusals("link.switch", "link {link_id}")
    def edit(self, actor: Actor, link_id: int, version: int, *, inbound: bool, outbound: bool) -> Link:
        """Set both switches. Raises :class:`StaleVersion` if the link was changed since ``version``.

        Raises :class:`InvalidInput` for an outbound that does not exist.
        """
        with self._storage.write() as tx:
            link = tx.links.get(link_id)
            if outbound and is_inbound_only(link.item_type):
                raise InvalidInput({"outbound": wording.NO_OUTBOUND})
            if not tx.links.switch(link_id, version, inbound=inbound, outbound=outbound):
                raise StaleVersion("link", link_id, _switches(link) | {"version": link.version})
            changed = tx.links.get(link_id)
            record(tx, actor, "link.switch", _name(link), old=_switches(link), new=_switches(changed))
            return changed

    def switch_many(self, actor: Actor, link_ids: Sequence[int], direction: Direction, on: bool) -> int:
        """Switch a direction of many links on or off; give how many were changed.

        A link that is named twice counts once, one that is not there (any more) not at all. A direction that a link
        does not have is not switched on.
        """
        with self._storage.write() as tx:
            link_ids = tx.links.present(link_ids)
            if on and direction is Direction.SEND:
                barred = set(tx.links.of_types(link_ids, _INBOUND_ONLY))
                link_ids = [link_id for link_id in link_ids if link_id not in barred]
            changed = tx.links.switch_many(link_ids, direction, on)
            record(
                tx,
                actor,
                "link.switch_many",
                f"{len(link_ids)} links",
                new={"direction": direction, "on": on, "changed": changed, "links": list(link_ids)[:100]},
            )
            return changed

    def without_outbound(self, link_ids: Sequence[int]) -> int:
        """Count those of some links that have no outbound to switch on."""
        with self._storage.read() as tx:
            return len(tx.links.of_types(link_ids, _INBOUND_ONLY))

    @noting_refusals("link.remove", "link {link_id}")
    def remove(self, actor: Actor, link_id: int, version: int) -> None:
        """Remove a link; its pairs stay remembered. Raises :class:`Refused` while a run works on it."""
        with self._storage.write() as tx:
            link = tx.links.get(link_id)
            busy = tx.runs.live_by_link([link_id])
            if busy:
                run = busy[link_id]
                raise Refused(run.why_busy, run_id=run.run_id, snapshot_id=run.snapshot_id)
            if not tx.links.remove(link_id, version):
                raise StaleVersion("link", link_id, _switches(link) | {"version": link.version})
            record(tx, actor, "link.remove", _name(link), old=_switches(link))


def _switches(link: Link) -> dict[str, object]:
    return {"inbound": link.inbound, "outbound": link.outbound}


def _name(link: Link) -> str:
    return f"link {link.id} {link.folder_owner} · {link.folder_name}"
