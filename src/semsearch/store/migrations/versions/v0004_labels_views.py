"""The index of labels says by which version of the view its queries were compared; it is made again from the files.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Empty the index, and make its table of files anew."""
    op.execute("DELETE FROM labels")
    op.drop_table("label_files")
    op.create_table(
        "label_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("views", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
