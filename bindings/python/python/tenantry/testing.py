"""For the tests of a host: a store in memory with a clock that stands still and ids that repeat, and an actor for each role.

```python
>>> from tenantry.testing import Cast, in_memory
>>> app, clock = in_memory()
>>> cast = Cast.of(app)
>>> cast.viewer.can("secrets.manage")
False

```
"""

from __future__ import annotations

from dataclasses import dataclass

from tenantry._records.words import Role, VerifiedEmail
from tenantry._tenantry import Catalog, CountingIds, CustomerScope, FixedClock, RootKey, Tenantry, VendorScope

__all__ = ["Cast", "CountingIds", "FixedClock", "in_memory"]

_ROOT_KEY = bytes(range(32))


def in_memory(*, catalog: Catalog | None = None) -> tuple[Tenantry, FixedClock]:
    """Opens a new store in memory, the same in every run.

    Args:
        catalog: What the product has; the standard catalogue unless told otherwise.

    Returns:
        The store, and its clock, which goes on when it is told to.
    """
    clock = FixedClock()
    root_key = RootKey.from_bytes(_ROOT_KEY)
    return Tenantry.open_in_memory(root_key=root_key, catalog=catalog, clock=clock, ids=CountingIds()), clock


@dataclass(frozen=True, slots=True)
class Cast:
    """A vendor with a customer, and a person in each role of both."""

    staff_administrator: VendorScope
    staff_user: VendorScope
    staff_viewer: VendorScope
    customer: CustomerScope
    """The vendor's Administrator, acting on the customer."""
    administrator: CustomerScope
    user: CustomerScope
    viewer: CustomerScope

    @staticmethod
    def of(app: Tenantry, key: str = "acme") -> Cast:
        """Makes a vendor of this key with a customer of the same name, and a person in each role of both."""
        boss = app.bootstrap(key, key, "Administrator", f"administrator@{key}.test")
        customer = boss.customer(boss.customers.create(key).id)

        def staff(role: Role) -> VendorScope:
            email = f"{role}@{key}.test"
            accepted = app.accept_invitation(boss.members.invite(role, email, role).token, VerifiedEmail(email))
            assert isinstance(accepted, VendorScope)
            return accepted

        def member(role: Role) -> CustomerScope:
            email = f"{role}@customer-of-{key}.test"
            accepted = app.accept_invitation(customer.members.invite(role, email, role).token, VerifiedEmail(email))
            assert isinstance(accepted, CustomerScope)
            return accepted

        return Cast(
            staff_administrator=boss,
            staff_user=staff(Role.USER),
            staff_viewer=staff(Role.VIEWER),
            customer=customer,
            administrator=member(Role.ADMINISTRATOR),
            user=member(Role.USER),
            viewer=member(Role.VIEWER),
        )
