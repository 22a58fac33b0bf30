"""Attempts to sign in, in a table. Every change is conditional on the state before it, so that each happens once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from nylasadmin.adapters.storage.bulk import storable
from nylasadmin.adapters.storage.tables import sign_ins
from nylasadmin.domain.sign_ins import SignIn, SignInProblem, SignInState
from nylasadmin.services.rows import NewSignIn

_OVER = (str(SignInState.CONNECTED), str(SignInState.FAILED))


class SqlSignIns:
    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db = connection
        self._now = now

    def add(self, new: NewSignIn) -> None:
        self._db.execute(
            insert(sign_ins).values(
                nonce=new.nonce,
                target_id=new.target_id,
                user_id=new.user_id,
                account_id=new.account_id,
                email=new.email,
                state=str(SignInState.WAITING),
                redirect_uri=new.redirect_uri,
                sealed_verifier=new.sealed_verifier,
                worker="",
                problem="",
                detail="",
                created_at=self._now(),
            )
        )

    def by_nonce(self, nonce: str) -> SignIn | None:
        row = self._db.execute(select(sign_ins).where(sign_ins.c.nonce == nonce)).one_or_none()
        return _sign_in(row) if row else None

    def sealed_verifier(self, sign_in_id: int) -> bytes:
        found = select(sign_ins.c.sealed_verifier).where(sign_ins.c.id == sign_in_id)
        return bytes(self._db.execute(found).scalar_one())

    def returned(self, sign_in_id: int, worker: str) -> bool:
        """Note that the person is back, and who goes on; ``False`` for one that was back before."""
        values = {"state": str(SignInState.EXCHANGING), "worker": worker, "returned_at": self._now()}
        return self._change(sign_in_id, sign_ins.c.state == str(SignInState.WAITING), values)

    def reading(self, sign_in_id: int) -> bool:
        values = {"state": str(SignInState.READING)}
        return self._change(sign_in_id, sign_ins.c.state == str(SignInState.EXCHANGING), values)

    def connected(self, sign_in_id: int, account_id: int, detail: str = "") -> bool:
        values = {
            "state": str(SignInState.CONNECTED),
            "account_id": account_id,
            "detail": storable(detail),
        } | self._end()
        return self._change(sign_in_id, sign_ins.c.state == str(SignInState.READING), values)

    def failed(self, sign_in_id: int, problem: SignInProblem, detail: str = "") -> bool:
        values = {"state": str(SignInState.FAILED), "problem": str(problem), "detail": storable(detail)} | self._end()
        return self._change(sign_in_id, sign_ins.c.state.not_in(_OVER), values)

    def prune(self, before: int) -> None:
        """Forget attempts that began before a time."""
        self._db.execute(delete(sign_ins).where(sign_ins.c.created_at < before))

    def _end(self) -> dict[str, Any]:
        return {"finished_at": self._now(), "sealed_verifier": b""}  # it has done its work

    def _change(self, sign_in_id: int, condition: Any, values: dict[str, Any]) -> bool:
        return (
            self._db.execute(update(sign_ins).where(sign_ins.c.id == sign_in_id, condition).values(**values)).rowcount
            == 1
        )


def _sign_in(row: Row[Any]) -> SignIn:
    return SignIn(
        id=row.id,
        nonce=row.nonce,
        target_id=row.target_id,
        user_id=row.user_id,
        account_id=row.account_id,
        email=row.email,
        state=SignInState(row.state),
        redirect_uri=row.redirect_uri,
        worker=row.worker,
        problem=SignInProblem(row.problem) if row.problem else None,
        detail=row.detail,
        created_at=row.created_at,
        returned_at=row.returned_at,
        finished_at=row.finished_at,
    )
