"""Statements prepared once must take their parameters in the order in which the rows are made, in each SQL dialect."""

import pytest
from sqlalchemy import bindparam, update

from spc_desktop.storage import schema
from spc_desktop.storage.append import Appender
from spc_desktop.storage.engine import Prepared


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_that_every_statement_takes_rows_in_column_order(dialect):
    Appender(dialect, "epoch")  # raises where an order differs


def test_that_a_statement_with_another_order_is_refused():
    c = schema.measurement.c
    swapped = update(schema.measurement).values(point_index=bindparam("place"), is_within_control=bindparam("within"))
    with pytest.raises(ValueError, match="parameters stand as"):
        Prepared("sqlite").text(swapped.where(c.id == bindparam("number")), ["place", "within", "number"])
