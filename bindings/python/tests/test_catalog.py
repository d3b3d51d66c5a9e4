"""Catalogues of a host's own, and what a test of a host begins with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenantry import (
    Catalog,
    CatalogError,
    Feature,
    InvitationInvalidError,
    NotFoundError,
    Permission,
    Portal,
    Role,
    Section,
    UnknownNameError,
    VerifiedEmail,
)
from tenantry.testing import Cast, in_memory


def own() -> Catalog:
    return (
        Catalog.builder()
        .feature(Feature("backups", "Backups", requires=("deployments",)))
        .permission(Permission(Portal.CUSTOMER, "backups.view", tuple(Role), needs="backups"))
        .permission(Permission(Portal.VENDOR, "backups.restore", (Role.ADMINISTRATOR,), while_archived=True))
        .permission(Permission(Portal.SERVICE, "backups.make", needs="backups"))
        .section(Section("backups", "Backups", "backups.view"))
        .build()
    )


def test_a_catalogue_is_built_and_read() -> None:
    catalog = own()
    assert catalog.feature("backups") == Feature("backups", "Backups", ("deployments",))
    assert catalog.feature("nonsense") is None
    assert catalog.sections[-1] == Section("backups", "Backups", "backups.view")
    assert Permission(Portal.SERVICE, "backups.make", (), "backups") in catalog.permissions
    assert catalog.default_features == ("deployments", "artifacts")
    assert catalog.knows_permission("backups.make")
    assert catalog.allows(Portal.VENDOR, "backups.restore", Role.ADMINISTRATOR)
    assert not catalog.allows(Portal.VENDOR, "backups.restore", Role.USER)
    assert catalog.enable([], "backups").changed == ("deployments", "backups")
    assert catalog.disable(["backups", "deployments"], "deployments").stored == ()
    assert catalog.resolve(["backups", "nonsense"]).waiting == ("backups",)
    with pytest.raises(UnknownNameError):
        catalog.enable([], "nonsense")


def test_a_store_decides_by_it() -> None:
    app, _ = in_memory(catalog=own())
    cast = Cast.of(app)
    assert not cast.viewer.can("backups.view")
    assert cast.customer.features.enable("backups").changed == ("backups",)
    assert [section.key for section in cast.viewer.portal()][-1] == "backups"
    assert app.catalog.feature("backups") is not None


def test_a_wrong_catalogue_is_refused() -> None:
    egg, hen = Feature("egg", "Egg", ("hen",)), Feature("hen", "Hen", ("egg",))
    with pytest.raises(CatalogError) as caught:
        Catalog.empty().feature(egg).feature(hen).build()
    assert caught.value.code == "catalog_cycle"
    assert set(caught.value.names) == {"egg", "hen"}
    with pytest.raises(CatalogError, match="twice"):
        Catalog.builder().feature(Feature("alerts", "Alerts")).build()


def test_the_clock_of_a_test_stands_still_and_ids_repeat() -> None:
    ids = []
    for _ in range(2):
        app, clock = in_memory()
        cast = Cast.of(app)
        assert clock.now() == datetime(2030, 1, 1, tzinfo=UTC)
        assert cast.customer.get().created_at == clock.now()
        ids.append(cast.customer.customer_id)
        invited = cast.customer.members.invite("Ida", "ida@globex.test", Role.USER, valid_for=timedelta(days=2))
        clock.advance(timedelta(days=2, seconds=1))
        with pytest.raises(InvitationInvalidError):
            app.accept_invitation(invited.token, VerifiedEmail("ida@globex.test"))
    assert ids[0] == ids[1]


def test_changes_take_what_is_named_and_leave_the_rest() -> None:
    app, _ = in_memory()
    scope = Cast.of(app).customer
    assert scope.update(external_id="7").external_id == "7"
    assert scope.update(name="Globex").external_id == "7"
    customer = scope.update(external_id=None, at_revision=3)
    assert (customer.name, customer.external_id, customer.revision) == ("Globex", None, 4)
    scope.archive()
    scope.unarchive()
    stranger = Cast.of(app, "other").administrator.user_id
    assert stranger is not None
    with pytest.raises(NotFoundError):
        app.customer(scope.place.vendor, scope.customer_id, stranger).get()
