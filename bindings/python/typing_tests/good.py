"""What a type checker accepts, with the types that it must see."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import assert_type

import tenantry
from tenantry import (
    Catalog,
    Customer,
    CustomerScope,
    Features,
    Identity,
    Member,
    NewRootKey,
    Page,
    Query,
    Role,
    RootKey,
    Secret,
    Tenantry,
    Vendor,
    VendorScope,
    VerifiedEmail,
    aio,
)


def blocking(app: Tenantry) -> None:
    ada = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
    assert_type(ada, VendorScope)
    assert_type(app.find_vendor("acme"), Vendor | None)
    assert_type(app.vendors(), Query[Vendor])
    customer = ada.customers.create("Globex", external_id="1")
    assert_type(customer, Customer)
    assert_type(customer.features, tuple[str, ...])
    scope = ada.customer(customer.id)
    assert_type(scope.features.list(), Features)
    assert_type(scope.members.list().page(limit=3), Page[Member])
    for member in scope.members.list():
        assert_type(member, Member)
    assert_type(scope.update(external_id=None), Customer)
    assert_type(scope.update(external_id=...), Customer)
    assert_type(scope.snapshot().can("alerts.view"), bool)
    invited = scope.members.invite("Hank", "hank@globex.test", Role.VIEWER)
    assert_type(invited.token, Secret)
    accepted = app.accept_invitation(invited.token, VerifiedEmail("hank@globex.test"))
    assert_type(accepted, VendorScope | CustomerScope)
    accepted.require("alerts.view")
    if isinstance(accepted, CustomerScope):
        accepted.portal()
    with app as same:
        assert_type(same, Tenantry)
    for value in app.service(scope.place, "deployer", "why").resolve(["KEY"]):
        assert_type(value.value.reveal(), str)
    app.service(scope.place, "deployer", "why").report_running("eu-1", {"KEY": 1})
    app.service(scope.place, "deployer", "why").report_running("eu-1", (("KEY", 1),))


async def awaited(app: aio.Tenantry) -> None:
    ada = await app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
    assert_type(ada, aio.VendorScope)
    assert_type(ada.customers.create("Globex"), Awaitable[Customer])
    scope = ada.customer((await ada.customers.create("Globex")).id)
    assert_type(scope, aio.CustomerScope)
    async for member in scope.members.list():
        assert_type(member, Member)
    assert_type(await scope.members.list().page(), Page[Member])
    assert_type(await app.identify(ada.vendor_id, VerifiedEmail("a@b.test")), Identity | None)
    async with app as same:
        assert_type(same, aio.Tenantry)


class Kms:
    """A provider, by its shape alone."""

    def new_key(self) -> NewRootKey:
        return NewRootKey(RootKey.generate(), b"sealed")

    def key(self, id: str, kept: bytes, /) -> RootKey | None:
        return None


def provider() -> Tenantry:
    return Tenantry.open("customers.db", root_key=Kms(), catalog=Catalog.standard())


def error(raised: tenantry.TenantryError) -> int:
    match raised:
        case tenantry.StaleRevisionError(found=found):
            return found
        case _:
            return 0
