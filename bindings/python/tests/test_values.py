"""Records and exceptions are plain values: pickled, copied, compared, hashed, matched, and read by Pydantic."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from datetime import UTC, timedelta
from enum import StrEnum
from typing import Any

import pydantic
import pytest

import tenantry
from tenantry import (
    Catalog,
    Feature,
    Format,
    MemberId,
    NewCustomer,
    Page,
    Permission,
    Portal,
    Role,
    RootKey,
    Secret,
    Tenantry,
    TenantryError,
    VerifiedEmail,
)
from tenantry.testing import Cast, FixedClock, in_memory

from .test_parity import classes

PUBLIC = [getattr(tenantry, name) for name in tenantry.__all__]
RECORDS: list[type[Any]] = [value for value in PUBLIC if inspect.isclass(value) and dataclasses.is_dataclass(value)]
WITH_SECRET = {"InvitationMail", "Invited", "Resolved", "Rendered", "NewRootKey"}
"""Records that hold something secret: it refuses to be pickled."""


def collect(found: dict[str, Any], value: object) -> None:
    """Notes one value of each record that is found inside."""
    if isinstance(value, tuple):
        for item in value:
            collect(found, item)
    elif dataclasses.is_dataclass(value):
        found.setdefault(type(value).__name__, value)
        for field in dataclasses.fields(value):
            collect(found, getattr(value, field.name))


@pytest.fixture(scope="module")
def records() -> dict[str, Any]:
    """One of each record, as the native half makes them."""
    app, _ = in_memory()
    cast = Cast.of(app)
    scope, boss = cast.customer, cast.staff_administrator
    found: dict[str, Any] = {}
    rows: list[tenantry.ImportedRow] = []
    service = app.service(scope.place, "deployer", "test")
    invited = scope.members.invite("Ida", "ida@globex.test", Role.USER)
    change = scope.secrets.set("KEY", "a value that is long")
    service.register_deployment("eu-1", "Europe", ["{{ .Secrets.KEY }}"])
    catalog = Catalog.standard()
    mails: list[tenantry.InvitationMail] = []
    with_outbox = Tenantry.open_in_memory(root_key=RootKey.generate(), outbox=True)
    posted = Cast.of(with_outbox).customer
    posted.members.invite("Ida", "ida@globex.test", Role.USER)
    delivered = with_outbox.outbox(mails.append).deliver()
    with pytest.raises(tenantry.LastAdministratorError) as last:
        scope.members.remove(next(iter(scope.members.list())).id)
    for value in (
        invited,
        delivered,
        tuple(mails),
        tuple(posted.invitations.list()),
        change,
        scope.secrets.set("KEY", "another value"),
        app.find_vendor("acme"),
        app.identify(boss.vendor_id, VerifiedEmail("ida@globex.test")),
        app.find_invitation(invited.token),
        scope.get(),
        NewCustomer("Globex"),
        boss.customers.import_rows([NewCustomer("Globex", "1")], rows.append),
        tuple(rows),
        scope.features.list(),
        scope.features.enable("alerts"),
        scope.portal(),
        scope.secrets.versions("KEY").page(),
        service.resolve_all(),
        service.render("{{ .Secrets.KEY }}", tenantry.Format.PLAIN),
        scope.secrets.check("{{ .Secrets.NONE }}"),
        tuple(scope.deployments.list()),
        tuple(boss.audit.follow()),
        app.maintenance("test").heads(boss.vendor_id),
        scope.explain("features.manage"),
        app.maintenance("test").root_keys(),
        app.maintenance("test").rotate_place_key(scope.place),
        tenantry.NewRootKey(RootKey.from_bytes(bytes(32))),
        catalog.features,
        catalog.permissions,
        catalog.sections,
        catalog.resolve(["alerts", "nonsense"]),
        catalog.enable([], "alerts"),
        last.value.remaining,
        tenantry.Violation(scope.place, 1, "is wrong", "it is wrong"),
        tenantry.Backup(4_096, 0),
    ):
        assert value is not None
        collect(found, value)
    return found


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_is_a_plain_value(kind: type[Any], records: dict[str, Any]) -> None:
    record = records[kind.__name__]
    assert type(record) is kind
    assert copy.deepcopy(record) == record
    assert copy.copy(record) == record
    assert hash(copy.deepcopy(record)) == hash(record)
    assert dataclasses.replace(record) == record
    assert set(dataclasses.asdict(record)) == {field.name for field in dataclasses.fields(record)}
    assert not hasattr(record, "__dict__")
    assert kind.__match_args__ == tuple(field.name for field in dataclasses.fields(record))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, dataclasses.fields(record)[0].name, None)
    if kind.__name__ in WITH_SECRET:
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(record)
    else:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(record, protocol)) == record


@pytest.mark.parametrize("kind", [kind for kind in RECORDS if kind.__name__ != "NewRootKey"], ids=lambda k: k.__name__)
def test_pydantic_reads_and_writes_a_record(kind: type[Any], records: dict[str, Any]) -> None:
    adapter = pydantic.TypeAdapter[Any](Page[tenantry.SecretUse] if kind is Page else kind)
    record = records[kind.__name__]
    if kind is Page:
        record = Page((), None)
    assert adapter.validate_python(record) == record
    adapter.json_schema()
    written = adapter.dump_json(record)
    if kind.__name__ not in WITH_SECRET:
        assert adapter.validate_json(written) == record
    else:
        assert b"********" in written


def test_times_are_aware_utc_in_microseconds_and_enums_are_words(records: dict[str, Any]) -> None:
    customer = records["Customer"]
    assert customer.created_at.tzinfo is UTC
    assert customer.created_at.utcoffset() == timedelta()
    assert records["Member"].role is Role.USER
    assert isinstance(records["Member"].role, StrEnum)
    assert f"{records['Member'].role}" == "user"


def test_a_record_is_matched(records: dict[str, Any]) -> None:
    match records["Customer"]:
        case tenantry.Customer(name=name, status=tenantry.CustomerStatus.ACTIVE):
            assert name == "acme"
        case _:
            pytest.fail("not matched")


def cast_any(value: object) -> Any:
    """What a type checker would refuse."""
    return value


def raised(call: Callable[[], object]) -> TenantryError:
    with pytest.raises(TenantryError) as caught:
        call()
    return caught.value


@pytest.fixture
def errors() -> list[TenantryError]:
    """Errors as the native half raises them."""
    clock = FixedClock()
    app = Tenantry.open_in_memory(root_key=RootKey.generate(), clock=clock)
    cast = Cast.of(app)
    scope, boss = cast.customer, cast.staff_administrator
    people = {member.role: member for member in scope.members.list()}
    administrator = people[Role.ADMINISTRATOR]
    invited = scope.members.invite("Ida", "ida@globex.test", Role.USER)
    scope.secrets.set("KEY", "value")
    service = app.service(scope.place, "deployer", "test")
    service.register_deployment("eu-1", "Europe", ["{{ .Secrets.KEY }}"])
    boss.customers.create("Globex", external_id="1")
    archived = boss.customer(boss.customers.create("Old").id)
    archived.archive()

    def invite_again() -> None:
        for _ in range(9):
            scope.invitations.resend(invited.invitation.id)

    def closed() -> None:
        app.close()
        boss.customers.create("X")

    return [
        raised(lambda: boss.customers.create("")),
        raised(lambda: scope.members.get(MemberId("nonsense"))),
        raised(lambda: scope.members.invite("A", "a@globex.test", cast_any("emperor"))),
        raised(lambda: scope.can("no.such")),
        raised(lambda: scope.features.enable("no_such")),
        raised(lambda: boss.customers.find("77")),
        raised(lambda: cast.viewer.secrets.set("KEY", "value")),
        raised(lambda: archived.archive()),
        raised(lambda: cast.viewer.require("alerts.view")),
        raised(lambda: boss.customers.create("Globex", external_id="1")),
        raised(lambda: scope.update(name="New", at_revision=77)),
        raised(lambda: scope.members.invite("U", people[Role.USER].email, Role.USER)),
        raised(lambda: scope.members.invite("Ida", "ida@globex.test", Role.USER)),
        raised(lambda: app.accept_invitation("nonsense", VerifiedEmail("ida@globex.test"))),
        raised(invite_again),
        raised(lambda: scope.members.remove(administrator.id)),
        raised(lambda: cast.administrator.members.remove(administrator.id)),
        raised(lambda: boss.erase_user(cast_any(administrator.user))),
        raised(lambda: scope.secrets.delete("KEY")),
        raised(lambda: service.render("{{ .Secrets.NONE }}", Format.PLAIN)),
        raised(lambda: service.render("{{", Format.PLAIN)),
        raised(lambda: Catalog.empty().feature(Feature("a", "A", ("a",))).build()),
        raised(lambda: Catalog.empty().permission(Permission(Portal.VENDOR, "nonsense")).build()),
        raised(lambda: RootKey.from_env("TENANTRY_NO_SUCH_VARIABLE")),
        raised(lambda: RootKey.from_file("/no/such/file")),
        raised(lambda: Tenantry.open("/no/such/folder/customers.db")),
        raised(closed),
    ]


def test_what_is_raised_is_a_plain_value(errors: list[TenantryError]) -> None:
    for error in errors:
        assert error.code in type(error).codes
        assert str(error) == error.args[0]
        assert "\n" not in str(error)
        for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
            assert type(twin) is type(error)
            assert twin == error
            assert hash(twin) == hash(error)
            assert vars(twin) == vars(error)
    codes = {error.code for error in errors}
    assert len(codes) >= 22, sorted(codes)


@pytest.mark.parametrize("kind", list(classes()), ids=lambda kind: kind.__name__)
def test_every_exception_is_pickled_with_its_fields(kind: type[TenantryError]) -> None:
    parameters = list(inspect.signature(kind.__init__).parameters.values())[4:]
    fields = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    error = kind("message", "code", False, *fields)
    twin = pickle.loads(pickle.dumps(error))
    assert (twin, vars(twin), str(twin)) == (error, vars(error), "message")
    for field in fields:
        assert getattr(twin, field) == field


def test_errors_say_what_they_know(errors: list[TenantryError]) -> None:
    by_code = {error.code: error for error in errors}
    match by_code["permission_denied"]:
        case tenantry.PermissionDeniedError(permission=permission, denial=denial, role=role):
            assert (permission, denial, role) == ("secrets.manage", tenantry.Denial.ROLE, Role.VIEWER)
        case _:
            pytest.fail("not matched")
    disabled = by_code["feature_disabled"]
    assert isinstance(disabled, tenantry.FeatureDisabledError)
    assert (disabled.feature, disabled.enable) == ("alerts", ("alerts",))
    in_use = by_code["secret_in_use"]
    assert isinstance(in_use, tenantry.SecretInUseError)
    assert (in_use.key, in_use.deployments, in_use.has_more) == ("KEY", ("Europe",), False)
    many = by_code["too_many_invitations"]
    assert isinstance(many, tenantry.TooManyInvitationsError)
    assert many.is_retryable
    assert many.retry_at.tzinfo is UTC
    missing = by_code["missing_secret"]
    assert isinstance(missing, tenantry.TemplateError)
    assert (missing.line, missing.column, missing.key) == (1, 4, "NONE")


def test_secrets_do_not_compare_and_are_never_shown() -> None:
    assert Secret("value") != Secret("value")
