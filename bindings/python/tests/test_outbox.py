"""Couriers that are written in Python."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from tenantry import (
    Delivery,
    DeliveryError,
    DeliveryFailure,
    DeliveryState,
    InvitationMail,
    Invited,
    Place,
    Role,
    RootKey,
    SecretKeyError,
    Tenantry,
    VendorScope,
    VerifiedEmail,
    aio,
)
from tenantry.testing import FixedClock

HOUR = timedelta(hours=1)


class World:
    def __init__(self) -> None:
        self.clock = FixedClock()
        self.app = Tenantry.open_in_memory(root_key=RootKey.generate(), outbox=True, clock=self.clock)
        self.ada: VendorScope = self.app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")

    def invite(self) -> Invited:
        return self.ada.members.invite("Bea", "Bea@acme.test", Role.USER)

    def delivery(self, invited: Invited) -> Delivery:
        delivery = self.ada.invitations.get(invited.invitation.id).delivery
        assert delivery is not None
        return delivery


def test_d1_a_courier_is_handed_the_mail_and_a_token_that_works() -> None:
    world, mails = World(), list[InvitationMail]()
    invited = world.invite()
    assert invited.invitation.delivery is not None
    assert invited.invitation.delivery.state is DeliveryState.PENDING
    run = world.app.outbox(mails.append).deliver()
    assert (run.sent, run.postponed, run.failed, run.next_attempt_at) == (1, 0, 0, None)
    [mail] = mails
    assert (mail.name, mail.email, mail.vendor_name, mail.customer_name) == ("Bea", "Bea@acme.test", "Acme Software", None)
    assert (mail.place, mail.invitation, mail.role) == (Place(world.ada.vendor_id), invited.invitation.id, Role.USER)
    assert (mail.attempt, mail.expires_at) == (1, invited.invitation.expires_at)
    assert mail.token.reveal() == invited.token.reveal()
    assert mail.token.reveal() not in repr(mail)
    assert world.delivery(invited).state is DeliveryState.SENT
    assert isinstance(world.app.accept_invitation(mail.token, VerifiedEmail("bea@acme.test")), VendorScope)


@pytest.mark.parametrize(
    ("raised", "state", "reason"),
    [
        (DeliveryError("451 busy"), DeliveryState.PENDING, "451 busy"),
        (DeliveryError("550 no\r\n such user", DeliveryFailure.REFUSED), DeliveryState.FAILED, "550 no such user"),
        (DeliveryError("lost", DeliveryFailure.UNKNOWN), DeliveryState.UNKNOWN, "lost"),
        (ConnectionResetError("bea@acme.test"), DeliveryState.UNKNOWN, "the courier raised ConnectionResetError"),
        (SystemExit(1), DeliveryState.UNKNOWN, "the courier raised SystemExit"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_d4_what_a_courier_raises_says_what_became_of_the_mail(
    raised: BaseException, state: DeliveryState, reason: str
) -> None:
    world, seen = World(), list[tuple[str, int]]()
    invited = world.invite()

    def courier(mail: InvitationMail) -> None:
        seen.append((mail.delivery, mail.attempt))
        raise raised

    outbox = world.app.outbox(courier)
    for _ in range(2):
        outbox.deliver()
        delivery = world.delivery(invited)
        assert (delivery.state, delivery.reason) == (state, reason)
        world.clock.advance(HOUR)
    assert len({delivery for delivery, _ in seen}) == 1
    assert len(seen) == (1 if state is DeliveryState.FAILED else 2)


def test_d4_a_courier_that_would_have_to_be_awaited_has_sent_nothing() -> None:
    world = World()
    invited = world.invite()

    async def courier(mail: InvitationMail) -> None:
        raise AssertionError(mail)

    run = world.app.outbox(courier).deliver()
    assert (run.sent, run.postponed) == (0, 1)
    delivery = world.delivery(invited)
    assert (delivery.state, delivery.reason) == (DeliveryState.UNKNOWN, "the courier answered an awaitable, which nobody awaits")


def test_an_awaited_run_calls_the_courier_on_another_thread() -> None:
    threads = list[int]()

    async def main() -> None:
        app = await aio.Tenantry.open_in_memory(root_key=RootKey.generate(), outbox=True)
        ada = await app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
        for number in range(3):
            await ada.members.invite("Bea", f"bea{number}@acme.test", Role.USER)
        run = await app.outbox(lambda mail: threads.append(threading.get_ident())).deliver()
        assert run.sent == 3

    asyncio.run(main())
    assert len(threads) == 3
    assert threading.get_ident() not in threads


def test_what_is_no_courier_and_an_outbox_without_a_root_key_are_refused() -> None:
    with pytest.raises(TypeError, match="courier"):
        World().app.outbox("smtp.acme.test")  # type: ignore[arg-type]
    app = Tenantry.open_in_memory(outbox=True)
    ada = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
    with pytest.raises(SecretKeyError) as caught:
        ada.members.invite("Bea", "bea@acme.test", Role.USER)
    assert caught.value.code == "key_not_available"
