"""Lists are walked whole, or read page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry import CustomerStatus, ImportedRow, InvalidInputError, NewCustomer, UnknownNameError
from tenantry.testing import Cast


def test_a_query_walks_all_pages_and_gives_single_ones(cast: Cast) -> None:
    customers = cast.staff_administrator.customers
    summary = customers.import_rows(NewCustomer(f"Customer {number:04}", str(number)) for number in range(1_200))
    assert (summary.rows, summary.created) == (1_200, 1_200)
    query = customers.list(text="customer 0")
    names = [customer.name for customer in query]
    assert names == [f"Customer {number:04}" for number in range(1_000)]
    assert [customer.name for customer in query] == names
    first = query.page(limit=3)
    assert [customer.name for customer in first.items] == names[:3]
    second = query.page(limit=3, after=first.next_cursor)
    assert [customer.name for customer in second.items] == names[3:6]
    assert len(query.page().items) == 50
    wrong: dict[str, Any]
    for wrong in ({"limit": 0}, {"limit": -1}, {"limit": 1_001}, {"after": "nonsense"}):
        with pytest.raises(InvalidInputError):
            query.page(**wrong)
    with pytest.raises(InvalidInputError):
        customers.list(text="other").page(after=first.next_cursor)


def test_customers_are_filtered(cast: Cast) -> None:
    customers = cast.staff_administrator.customers
    old = cast.staff_administrator.customer(customers.create("Old").id)
    old.archive()
    assert [customer.name for customer in customers.list()] == ["acme"]
    assert [customer.name for customer in customers.list(status=CustomerStatus.ARCHIVED)] == ["Old"]
    assert [customer.name for customer in customers.list(status=None)] == ["acme", "Old"]
    assert [customer.name for customer in customers.list(features=["alerts"])] == []
    assert [customer.name for customer in customers.list(text="VIEWER@customer-of")] == ["acme"]
    with pytest.raises(UnknownNameError):
        customers.list(features=["nonsense"]).page()
    with pytest.raises(InvalidInputError):
        customers.list(status="nonsense")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        customers.list(features="alerts")  # a text is no list of names


def test_the_log_is_followed(cast: Cast) -> None:
    audit = cast.staff_administrator.audit
    seen = list(audit.follow())
    assert seen[0].action == "vendor.created"
    cursor = audit.follow().page(limit=1_000).next_cursor
    assert cursor is not None
    cast.customer.features.enable("alerts")
    page = audit.follow().page(after=cursor)
    assert [entry.action for entry in page.items] == ["features.enabled"]
    assert audit.follow().page(after=page.next_cursor).items == ()
    assert [entry.action for entry in cast.customer.audit.list(action="features.enabled")] == ["features.enabled"]
    assert list(audit.follow(newest_first=True)) == list(audit.follow())[::-1]
    assert list(cast.customer.audit.list(newest_first=True)) == list(cast.customer.audit.list())[::-1]


def test_a_bad_row_never_stops_the_others(cast: Cast) -> None:
    customers = cast.staff_administrator.customers
    told: list[ImportedRow] = []
    rows: list[NewCustomer | ValueError] = [
        NewCustomer("One", "1"), NewCustomer("Again", "1"), NewCustomer("None"), ValueError("has no end"),
        NewCustomer("2", "2"),
    ]
    summary = customers.import_rows(rows, told.append)
    assert (summary.rows, summary.created, summary.skipped, summary.refused) == (5, 2, 1, 2)
    assert [(row.row, row.outcome.value, row.code) for row in told] == [
        (1, "created", None),
        (2, "skipped", None),
        (3, "refused", "invalid_input"),
        (4, "refused", "invalid_input"),
        (5, "created", None),
    ]
    assert told[0].customer == customers.find("1").id
    assert told[3].reason == "row: has no end"


def test_what_an_import_calls_may_raise(cast: Cast) -> None:
    customers = cast.staff_administrator.customers

    def broken() -> object:
        yield NewCustomer("One", "1")
        raise ZeroDivisionError("in the rows")

    with pytest.raises(ZeroDivisionError, match="in the rows"):
        customers.import_rows(broken())  # type: ignore[arg-type]
    assert customers.find("1").name == "One"

    def refuse(row: object) -> None:
        raise ZeroDivisionError("in the report")

    with pytest.raises(ZeroDivisionError, match="in the report"):
        customers.import_rows([NewCustomer("Two", "2")], refuse)
    with pytest.raises(AttributeError):
        customers.import_rows(["no customer"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        customers.import_rows(7)  # type: ignore[arg-type]
