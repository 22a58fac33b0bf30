"""The script people write: the official SDK, and one get-or-create per event through the ORM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nylas
from nylas.models.events import ListEventQueryParams
from sqlalchemy import Boolean, Integer, String, Text, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.sandboxes import Company

_ENDLESS = 4_102_444_800


class Base(DeclarativeBase):
    pass


class Event(Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    nylas_id: Mapped[str] = mapped_column(String(200), index=True, unique=True)
    calendar_id: Mapped[str] = mapped_column(String(200), index=True)
    title: Mapped[str] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)
    location: Mapped[str] = mapped_column(Text)
    when: Mapped[str] = mapped_column(Text)
    participants: Mapped[str] = mapped_column(Text)
    busy: Mapped[bool] = mapped_column(Boolean)


def script(company: Company, folder: Path, users: int) -> int:
    """Copy the first users' calendars; give the number of events."""
    engine = create_engine(f"sqlite:///{folder / 'sdk.db'}")
    Base.metadata.create_all(engine)
    client = nylas.Client(api_key=company.api_key, api_uri=company.url)
    copied = 0
    with Session(engine) as session:
        for grant in company.grants[:users]:
            copied += _copy_calendar(client, session, grant.id, grant.primary.id)
    engine.dispose()
    return copied


def _copy_calendar(client: nylas.Client, session: Session, grant_id: str, calendar_id: str) -> int:
    query = ListEventQueryParams(
        calendar_id=calendar_id, limit=200, start="0", end=str(_ENDLESS), expand_recurring=False
    )
    copied = 0
    while True:
        page = client.events.list(grant_id, query_params=query)
        for event in page.data:
            _save(session, calendar_id, event)
        session.commit()
        copied += len(page.data)
        if not page.next_cursor:
            return copied
        query["page_token"] = page.next_cursor


def _save(session: Session, calendar_id: str, event: Any) -> None:
    row = session.execute(select(Event).where(Event.nylas_id == event.id)).scalar_one_or_none()
    if row is None:
        row = Event(nylas_id=event.id, calendar_id=calendar_id)
        session.add(row)
    row.title = event.title or ""
    row.notes = event.description or ""
    row.location = event.location or ""
    row.when = json.dumps(event.when.to_dict())
    row.participants = json.dumps([p.to_dict() for p in event.participants or []])
    row.busy = bool(event.busy)
