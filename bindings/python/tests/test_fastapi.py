"""The FastAPI example: what it answers, and what its schema says."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import tenantry
from tenantry.fastapi import status_of

from .test_parity import classes

EXAMPLES = Path(__file__).parents[3] / "examples" / "python"
ADA = {"X-Email": "ada@acme.test"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    spec = importlib.util.spec_from_file_location("fastapi_portal", EXAMPLES / "fastapi_portal.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    with TestClient(module.api, headers=ADA) as client:
        yield client


def created(client: TestClient, name: str, external_id: str | None = None) -> Any:
    answer = client.post("/customers", json={"name": name, "external_id": external_id})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_example_creates_lists_invites_and_enables(client: TestClient) -> None:
    globex = created(client, "Globex", "1")
    assert globex["status"] == "active"
    assert globex["created_at"].endswith("Z")
    created(client, "Initech")
    page = client.get("/customers", params={"text": "GLOB"}).json()
    assert [customer["name"] for customer in page["items"]] == ["Globex"]
    assert page["next_cursor"] is None
    body = {"name": "Hank", "email": "hank@globex.test", "role": "viewer"}
    invited = client.post(f"/customers/{globex['id']}/invitations", json=body).json()
    assert (invited["raised"], invited["token"]) == (True, "********")
    changed = client.put(f"/customers/{globex['id']}/features/alerts").json()
    assert changed == {"enabled": True, "changed": ["alerts"]}
    features = client.get(f"/customers/{globex['id']}/features").json()["features"]
    assert all(feature["enabled"] for feature in features if feature["name"] == "alerts")


def test_errors_are_answered_with_the_status_that_fits(client: TestClient) -> None:
    globex = created(client, "Globex", "1")
    unknown = "cus_" + "0" * 32
    body = {"name": "Hank", "email": "ada@acme.test", "role": "viewer"}
    for answer, status, code in (
        (client.post("/customers", json={"name": "Globex", "external_id": "1"}), 409, "already_exists"),
        (client.post("/customers", json={"name": ""}), 422, "invalid_input"),
        (client.get(f"/customers/{unknown}/features"), 404, "not_found"),
        (client.get(f"/portal/{globex['id']}"), 404, "not_found"),
        (client.get("/customers", headers={"X-Email": "nobody@acme.test"}), 404, "not_found"),
        (client.get("/customers", params={"after": "nonsense"}), 422, "invalid_input"),
        (client.put(f"/customers/{globex['id']}/features/nonsense"), 500, "unknown_name"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert client.post(f"/customers/{globex['id']}/invitations", json=body).status_code == 201


def test_who_may_not_is_answered_with_403(client: TestClient) -> None:
    store = client.app.state.tenantry  # type: ignore[attr-defined]

    async def make_viewer() -> None:
        vendor = await store.find_vendor("acme")
        identity = await store.identify(vendor.id, "ada@acme.test")
        boss = store.vendor(vendor.id, identity.user)
        invited = await boss.members.invite("Vera", "vera@acme.test", "viewer")
        await store.accept_invitation(invited.token, "vera@acme.test")

    assert client.portal is not None
    client.portal.call(make_viewer)
    answer = client.post("/customers", json={"name": "Globex"}, headers={"X-Email": "vera@acme.test"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_the_schema_contains_the_records(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"Customer", "Features", "FeatureChange", "Invited", "Member", "Page_Customer_", "PortalSection"} <= set(schema)
    assert set(schema["Customer"]["required"]) >= {"id", "name", "features", "created_at"}
    assert schema["CustomerStatus"]["enum"] == ["active", "archived"]


def test_every_exception_has_a_status() -> None:
    statuses = {kind: status_of(kind("message", "code", False, *"abcd"[: fields(kind)])) for kind in classes()}
    assert statuses[tenantry.AlreadyInvitedError] == 409
    assert statuses[tenantry.TooManyInvitationsError] == 429
    assert statuses[tenantry.ContendedError] == 503
    assert statuses[tenantry.StorageError] == 500
    assert set(statuses.values()) == {403, 404, 409, 422, 429, 500, 503}


def fields(kind: type[tenantry.TenantryError]) -> int:
    return 0 if kind.__init__ is tenantry.TenantryError.__init__ else kind.__init__.__code__.co_argcount - 4
