"""Targets: add, edit, remove, test the connection, and discover accounts and links."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from nylasadmin.domain.directory import Folders
from nylasadmin.domain.policies import DEFAULT, Policies
from nylasadmin.domain.policies import problems as policy_problems
from nylasadmin.domain.privileges import Actor
from nylasadmin.domain.targets import Target, TargetForm, key_tail, problems, split_host
from nylasadmin.errors import InvalidInput, NotFound, NylasError, Refused, StaleVersion
from nylasadmin.services import wording
from nylasadmin.services.audit import record
from nylasadmin.services.discovering import Listed, Made, Match, folders_of, matched
from nylasadmin.services.ports import Nylas, SenderSettings
from nylasadmin.services.refusals import noting_refusals
from nylasadmin.services.senders import NOTIFICATION_SECRET, SENDER_KEY, sender_of
from nylasadmin.services.storage import Clock, Secrets, Storage, UnitOfWork
from nylasadmin.services.views import Discovery, Probe

_SLOW_MS = 2000


class Targets:
    """``wake`` tells the runner that there is work."""

    def __init__(
        self,
        storage: Storage,
        nylas: Nylas,
        secrets: Secrets,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._wake = wake
        self._storage = storage
        self._nylas = nylas
        self._secrets = secrets
        self._clock = clock

    def get(self, target_id: int) -> Target:
        with self._storage.read() as tx:
            return tx.targets.get(target_id)

    def by_name(self, name: str) -> Target:
        """Give a target by name. Raises :class:`NotFound`."""
        with self._storage.read() as tx:
            target = tx.targets.by_name(name)
        if target is None:
            raise NotFound("target", name)
        return target

    @noting_refusals("target.add", "target {form.name}")
    def add(self, actor: Actor, form: TargetForm, policies: Policies = DEFAULT) -> Target:
        """Add a target. Raises :class:`InvalidInput` with a sentence for each field that is wrong."""
        form = completed(form)
        found = problems(form, is_new=True) | policy_problems(policies)
        with self._storage.write() as tx:
            _refuse(found, tx, form, None)
            target_id = tx.targets.add(
                form,
                policies,
                sealed_key=self._secrets.seal(form.api_key.strip(), SENDER_KEY),
                key_tail=key_tail(form.api_key),
                sealed_secret=self._sealed_secret(form),
            )
            record(tx, actor, "target.add", f"target {form.name}", new=_open_part(form) | msgspec.to_builtins(policies))
            return tx.targets.get(target_id)

    @noting_refusals("target.edit", "target {target_id}")
    def edit(self, actor: Actor, target_id: int, version: int, form: TargetForm) -> Target:
        """Change a target. Raises :class:`InvalidInput`, or :class:`StaleVersion` with the stored values by field."""
        form = completed(form)
        found = problems(form, is_new=False)
        key = form.api_key.strip()
        with self._storage.write() as tx:
            target = tx.targets.get(target_id)
            _refuse(found, tx, form, target_id)
            is_changed = tx.targets.update(
                target_id,
                version,
                form,
                sealed_key=self._secrets.seal(key, SENDER_KEY) if key else None,
                key_tail=key_tail(key),
                sealed_secret=self._sealed_secret(form),
            )
            old = _open_part(form_of(target))
            if not is_changed:
                raise StaleVersion("target", target_id, old | {"version": target.version})
            record(tx, actor, "target.edit", f"target {form.name}", old=old, new=_open_part(form) | _secrets_of(form))
            return tx.targets.get(target_id)

    def _sealed_secret(self, form: TargetForm) -> bytes | None:
        secret = form.notification_secret.strip()
        return self._secrets.seal(secret, NOTIFICATION_SECRET) if secret else None

    @noting_refusals("target.remove", "target {target_id}")
    def remove(self, actor: Actor, target_id: int, typed_name: str) -> None:
        """Remove a target without links. Raises :class:`InvalidInput` for a wrong name, :class:`Refused` with links."""
        with self._storage.write() as tx:
            target = tx.targets.get(target_id)
            links = tx.targets.count_links(target_id)
            if links:
                raise Refused("target_has_links", links=links)
            if to_revoke := tx.accounts.count_to_revoke(target_id):
                raise Refused("grants_to_revoke", accounts=to_revoke)
            if typed_name.strip() != target.name:
                raise InvalidInput({"typed_name": f"Type {target.name} to confirm."})
            tx.targets.remove(target_id)
            record(tx, actor, "target.remove", f"target {target.name}", old=_open_part(form_of(target)))

    @noting_refusals("target.test", "target {target_id}")
    def test(self, actor: Actor, target_id: int) -> Probe:
        """Ask Nylas for the application with the sender channel's key, and say precisely what failed."""
        target, sender = self._sender(target_id)
        began = time.perf_counter()
        try:
            application = self._nylas.directory(sender).application()
        except NylasError as error:
            words = wording.explain_first_contact(error)
            probe = Probe(took_ms=_since_ms(began), problem=words.title, advice=words.advice)
        else:
            took_ms = _since_ms(began)
            is_other = bool(target.application_id) and target.application_id != application.id
            probe = Probe(
                took_ms=took_ms,
                application_name=application.name,
                application_id=application.id,
                region=application.region,
                problem="The key belongs to another application than before." if is_other else "",
                advice=f"Until now it was {target.application_id}; its accounts are not those of {application.id}."
                if is_other
                else "",
                is_slow=took_ms > _SLOW_MS,
            )
        with self._storage.write() as tx:
            record(
                tx,
                actor,
                "target.test",
                f"target {target.name}",
                new=probe,
                outcome="failed" if probe.problem else "done",
            )
            if not probe.problem and not target.application_id:
                tx.targets.set_application(target_id, probe.application_id)
        return probe

    @noting_refusals("target.discover", "target {target_id}")
    def discover(self, actor: Actor, target_id: int) -> Discovery:
        """Read grants, calendars and address books; make accounts and links for CRM users with the same e-mail address.

        Raises :class:`NylasError` when the grants cannot be read; trouble with one account is listed.
        """
        target, sender = self._sender(target_id)
        directory = self._nylas.directory(sender)
        grants = directory.grants()
        with self._storage.read() as tx:
            found = matched(grants, tx.accounts.of_target(target.id), tx.users.all())
        listed = folders_of(directory, [m.grant for m in found if m.grant.is_valid and not m.is_being_revoked])
        with self._storage.write() as tx:
            made = Made(tx, target, int(self._clock.now()))
            for match in found:
                made.account(_as_listed(match, listed), listed.folders.get(match.grant.id, Folders()))
            whose = {m.grant.id for m in found} | {m.grant.email for m in found}
            discovery = Discovery(
                grants=len(grants),
                accounts_made=made.accounts,
                links_made=made.links,
                links_kept=made.kept,
                unmatched=tuple(sorted(g.email or g.id for g in grants if not {g.id, g.email} & whose)),
                problems=(*listed.trouble, *made.problems),
            )
            record(tx, actor, "target.discover", f"target {target.name}", new=discovery)
        if made.has_work:
            self._wake()
        return discovery

    def _sender(self, target_id: int) -> tuple[Target, SenderSettings]:
        with self._storage.read() as tx:
            target = tx.targets.get(target_id)
            return target, sender_of(target, tx.targets.sealed_key(target_id), self._secrets)


def _as_listed(match: Match, listed: Listed) -> Match:
    """A grant that is called valid and refused all the same has expired: Nylas notices that later."""
    if match.grant.id not in listed.refused:
        return match
    return msgspec.structs.replace(match, grant=msgspec.structs.replace(match.grant, is_valid=False))


def completed(form: TargetForm) -> TargetForm:
    """Fill in what follows from the host: the base URL and the channels' names."""
    host = form.host.strip()
    label = split_host(host)[0]
    base_url = form.base_url.strip().rstrip("/") or f"https://{host}"
    return msgspec.structs.replace(
        form,
        name=form.name.strip(),
        host=host,
        base_url=base_url,
        sender_name=form.sender_name.strip() or f"{label} {urlsplit(base_url).scheme or 'https'}",
        notification_name=form.notification_name.strip() or f"{label} webhook",
    )


def form_of(target: Target) -> TargetForm:
    """Give the form that shows a stored target, secrets left empty."""
    sender, notification = target.sender, target.notification
    return TargetForm(
        name=target.name,
        host=target.host,
        inbound=target.inbound,
        outbound=target.outbound,
        is_disabled=target.is_disabled,
        sender_name=sender.name,
        base_url=sender.base_url,
        connect_timeout_s=sender.connect_timeout_s,
        read_timeout_s=sender.read_timeout_s,
        concurrency=sender.concurrency,
        requests_per_s=sender.requests_per_s,
        notification_name=notification.name,
        notification_path=notification.path,
        guard_deletes=target.guard.deletes,
        guard_share_percent=target.guard.share_percent,
        guard_share_from=target.guard.share_from,
        guard_shrink_percent=target.guard.shrink_percent,
        four_eyes_deletes=target.guard.four_eyes_deletes,
        keep_older_days=target.keep_older_days,
        undo_days=target.undo_days,
    )


def _open_part(form: TargetForm) -> dict[str, object]:
    """Give the fields of a form that may be shown: everything but keys and secrets."""
    return {k: v for k, v in msgspec.structs.asdict(form).items() if k not in ("api_key", "notification_secret")}


def _secrets_of(form: TargetForm) -> dict[str, object]:
    """Name the secrets that a form replaces, without their values."""
    return {k: "replaced" for k in ("api_key", "notification_secret") if getattr(form, k).strip()}


def _refuse(found: dict[str, str], tx: UnitOfWork, form: TargetForm, target_id: int | None) -> None:
    same = tx.targets.by_name(form.name)
    if same is not None and same.id != target_id:
        found = found | {"name": f"There is a target “{same.name}” already; choose another name."}
    if found:
        raise InvalidInput(found)


def _since_ms(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
