"""What a courier looks like, and how it says that it could not deliver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tenantry._records.words import DeliveryFailure

if TYPE_CHECKING:
    from tenantry._records.outbox import InvitationMail


class Courier(Protocol):
    """Brings an invitation to the person invited. A function will do; it is called on threads of a pool, for one mail at a time.

    It has a time limit of its own, well below 5 minutes. It may be called again for the same `delivery`, when an earlier attempt
    failed or broke off: a `Message-ID` made from it lets a recipient know the mail again.
    """

    def __call__(self, mail: InvitationMail, /) -> object:
        """Delivers one mail, or raises `DeliveryError`. Whatever else is raised counts as unknown, and so does an awaitable:
        nobody awaits it.
        """
        ...


class DeliveryError(Exception):
    """A courier raises it when it could not deliver.

    The reason is shown to those who invited: control characters and tokens are taken out of it, and it is cut.
    """

    reason: str
    failure: DeliveryFailure

    def __init__(self, reason: str, failure: DeliveryFailure = DeliveryFailure.POSTPONED) -> None:
        super().__init__(reason, failure)
        self.reason = reason
        self.failure = failure

    def __str__(self) -> str:
        return self.reason
