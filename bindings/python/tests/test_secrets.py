"""A value shows itself nowhere but in `reveal()`."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry import (
    Format,
    InvalidInputError,
    NewRootKey,
    Passphrase,
    RedactingWriter,
    Redactor,
    RootKey,
    Secret,
    SecretKeyError,
    StaleRevisionError,
    Template,
    Tenantry,
    TenantryError,
)
from tenantry.testing import Cast

PLANTED = "Kx7-planted-value-of-a-secret"


def test_a_secret_hides_its_value() -> None:
    secret = Secret(PLANTED)
    assert secret.reveal() == PLANTED
    assert Secret(secret).reveal() == PLANTED
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>200}", f"{secret:.3}", f"{secret!r}", "%s" % secret):
        assert PLANTED[:3] not in shown
        assert "********" in shown
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    with pytest.raises(TypeError) as caught:
        pickle.dumps(secret)
    assert PLANTED not in str(caught.value)
    assert not hasattr(secret, "__dict__")
    assert PLANTED not in str(dir(secret))


def test_a_planted_value_is_in_no_error_log_or_traceback(cast: Cast, app: Tenantry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = cast.customer.secrets
    service = app.service(cast.customer.place, "deployer", "test")
    secrets.set("KEY", PLANTED)
    failures: list[Callable[[], object]] = [
        lambda: secrets.set("no key", Secret(PLANTED)),
        lambda: secrets.set("KEY", PLANTED * 5_000),
        lambda: secrets.set("KEY", Secret(PLANTED), at_version=9),
        lambda: cast.viewer.secrets.set("KEY", PLANTED),
        lambda: service.render("{{ .Secrets.KEY }}{{ .Secrets.NONE }}", Format.PLAIN),
        lambda: app.accept_invitation(PLANTED, "a@b.test"),  # type: ignore[arg-type]
        lambda: secrets.set("KEY", f"{PLANTED}\ud800"),
    ]
    for failure in failures:
        with pytest.raises(TenantryError) as caught:
            failure()
        printed = "".join(traceback.format_exception(caught.value))
        for shown in (printed, repr(caught.value), str(caught.value.args), str(vars(caught.value))):
            assert PLANTED not in shown
        assert PLANTED.encode() not in pickle.dumps(caught.value)
    rendered = service.render("{{ .Secrets.KEY }}", Format.ENV)
    for answer in (service.resolve(["KEY"]), rendered, service.redactor(), service):
        assert PLANTED not in repr(answer)
    assert "secrets.set" in caplog.text
    assert PLANTED not in caplog.text


def test_a_token_is_a_secret(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    invited = cast.customer.members.invite("Ida", "ida@globex.test", "user")  # type: ignore[arg-type]
    token = invited.token.reveal()
    assert token.startswith("tny_inv_")
    assert token not in repr(invited)
    assert token not in caplog.text


def test_a_secret_has_versions(cast: Cast, app: Tenantry) -> None:
    secrets = cast.customer.secrets
    service = app.service(cast.customer.place, "deployer", "test")
    assert secrets.set("KEY", "first value", at_version=0).secret.version == 1
    secrets.set("KEY", "second value", at_version=1)
    with pytest.raises(StaleRevisionError) as stale:
        secrets.set("KEY", "third value", at_version=1)
    assert (stale.value.expected, stale.value.found) == (1, 2)
    assert [(version.version, version.current) for version in secrets.versions("KEY")] == [(2, True), (1, False)]
    assert secrets.roll_back("KEY", 1).secret.version == 3
    assert service.resolve(["KEY"])[0].value.reveal() == "first value"
    secrets.destroy("KEY", 2)
    with pytest.raises(InvalidInputError):
        secrets.roll_back("KEY", 2)
    secrets.delete("KEY")
    assert list(secrets.list()) == []


def test_templates_and_redaction(cast: Cast, app: Tenantry) -> None:
    cast.customer.secrets.set("PASSWORD", "hunter2hunter2")
    cast.customer.secrets.set("PIN", "123")
    service = app.service(cast.customer.place, "deployer", "test")
    rendered = service.render("PW={{ .Secrets.PASSWORD }}", Format.ENV)
    assert rendered.text.reveal() == "PW=hunter2hunter2"
    assert dict(rendered.versions) == {"PASSWORD": 1}
    redactor = service.redactor()
    assert redactor.left_out == ("PIN",)
    assert redactor.redact("pw hunter2hunter2!") == "pw ********!"
    stream = redactor.stream()
    assert stream.push(b"pw hunter2") + stream.push(b"hunter2") + stream.finish() == b"pw ********"
    with pytest.raises(ValueError, match="finished"):
        stream.finish()
    template = Template("{{ .Secrets.B }}{{ .Secrets.A }}")
    assert template.references == ("A", "B")
    assert template.render({"A": "a", "B": Secret("b")}, Format.PLAIN).reveal() == "ba"
    assert [problem.key for problem in Template.check("{{ .Secrets.A }}", [])] == ["A"]
    assert Template.check("{{ .Secrets.A }}", ["A"]) == ()


def test_a_writer_redacts(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file, RedactingWriter(Redactor([("KEY", PLANTED)]), file) as writer:
        for piece in ("before ", PLANTED[:9], PLANTED[9:], " behind"):
            writer.write(piece.encode())
    assert (tmp_path / "log").read_bytes() == b"before ******** behind"


def test_the_wrong_root_key_is_refused(file: Path, tmp_path: Path) -> None:
    right = RootKey.from_file_or_create(tmp_path / "key")
    assert RootKey.from_file(tmp_path / "key").id == right.id
    with Tenantry.open(file, root_key=right) as app:
        Cast.of(app).customer.secrets.set("KEY", PLANTED)
    with pytest.raises(SecretKeyError) as caught:
        Tenantry.open(file, root_key=RootKey.generate())
    assert caught.value.code == "wrong_root_key"
    with Tenantry.open(file) as app, pytest.raises(SecretKeyError) as caught:
        vendor = app.find_vendor("acme")
        assert vendor is not None
        scope = app.service(next(iter(app.maintenance("test").heads(vendor.id))).place, "deployer", "test")
        scope.resolve_all()
    assert caught.value.code == "key_not_available"


def test_a_passphrase_opens_a_store(file: Path) -> None:
    cheap = {"memory": 64, "passes": 1, "lanes": 1}
    with Tenantry.open(file, root_key=Passphrase("correct horse", **cheap)) as app:
        Cast.of(app).customer.secrets.set("KEY", PLANTED)
    with Tenantry.open(file, root_key=Passphrase("battery staple", Secret("correct horse"), **cheap)) as app:
        assert app.maintenance("new passphrase").rotate_root_key().left == 0
    with pytest.raises(SecretKeyError):
        Tenantry.open(file, root_key=Passphrase("correct horse", **cheap))
    with pytest.raises(InvalidInputError):
        Passphrase("x", memory=64)


class Kms:
    """A provider as a host writes one: it seals a data key by turning it round."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None

    def new_key(self) -> NewRootKey:
        if self.error:
            raise self.error
        key = bytes(range(32))
        return NewRootKey(RootKey.from_bytes(key), kept=key[::-1])

    def key(self, id: str, kept: bytes, /) -> RootKey | None:
        self.asked.append(id)
        if self.error:
            raise self.error
        return RootKey.from_bytes(kept[::-1])


def test_a_provider_is_written_in_python(file: Path) -> None:
    kms = Kms()
    with Tenantry.open(file, root_key=kms) as app:
        Cast.of(app).customer.secrets.set("KEY", PLANTED)
    # Once, to see that it finds its new key again.
    assert len(kms.asked) == 1
    with Tenantry.open(file, root_key=kms) as app:
        [info] = app.maintenance("test").root_keys()
        assert kms.asked == [info.id, info.id]
    kms.error = TimeoutError()
    with pytest.raises(TenantryError) as caught:
        Tenantry.open(file, root_key=kms)
    assert (caught.value.code, caught.value.is_retryable) == ("key_provider_timed_out", True)
    kms.error = ZeroDivisionError("of the provider")
    with pytest.raises(TenantryError) as caught:
        Tenantry.open(file, root_key=kms)
    assert caught.value.code == "key_provider_failed"
    assert caught.value.__cause__ is kms.error
    with pytest.raises(TypeError, match="new_key"):
        Tenantry.open(file, root_key="key")  # type: ignore[arg-type]
