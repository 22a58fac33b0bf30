"""names of targets and operators are unique in any case

Names that differ only in case may be there already: they stay, each but the oldest under a key of its own, so that
nobody is locked out; the next change of such a target asks for another name.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nylasadmin.domain.names import name_key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAMED = {"targets": "name", "operators": "username"}


def upgrade() -> None:
    for table, column in _NAMED.items():
        op.add_column(table, sa.Column("name_key", sa.String(length=300), nullable=True))
        _fill(sa.table(table, sa.column("id"), sa.column(column), sa.column("name_key")), column)
        with op.batch_alter_table(table) as rebuilt:
            rebuilt.alter_column("name_key", existing_type=sa.String(length=300), nullable=False)
        op.create_index(f"uq_{table}_name_key", table, ["name_key"], unique=True)


def _fill(table: sa.TableClause, column: str) -> None:
    known: set[str] = set()
    connection = op.get_bind()
    for row_id, name in connection.execute(sa.select(table.c.id, table.c[column]).order_by(table.c.id)).all():
        key = name_key(name)
        if key in known:
            key = f"{key[:270]} #{row_id}"
        known.add(key)
        connection.execute(sa.update(table).where(table.c.id == row_id).values(name_key=key))


def downgrade() -> None:
    for table in _NAMED:
        op.drop_index(f"uq_{table}_name_key", table)
        op.drop_column(table, "name_key")
