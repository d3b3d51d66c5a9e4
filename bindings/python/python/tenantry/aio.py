"""The same names for asyncio: what answers in `tenantry` is awaited here.

An operation begins when it is called and goes on when nobody awaits it any more: cancelling the awaiting task does not undo
a write. Records, exceptions and everything else that does not touch a store are those of `tenantry`.

```python
>>> import asyncio
>>> from tenantry import aio
>>> async def main() -> str:
...     async with await aio.Tenantry.open_in_memory() as app:
...         ada = await app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
...         return (await ada.customers.create("Globex")).name
>>> asyncio.run(main())
'Globex'

```
"""

from tenantry._query import AsyncQuery as Query
from tenantry._tenantry import (
    AsyncAudit as Audit,
    AsyncCustomerScope as CustomerScope,
    AsyncCustomers as Customers,
    AsyncDeployments as Deployments,
    AsyncFeatureSwitches as FeatureSwitches,
    AsyncInvitations as Invitations,
    AsyncMaintenance as Maintenance,
    AsyncMembers as Members,
    AsyncOutbox as Outbox,
    AsyncSecrets as Secrets,
    AsyncServiceScope as ServiceScope,
    AsyncTenantry as Tenantry,
    AsyncVendorScope as VendorScope,
)

__all__ = [
    "Audit",
    "CustomerScope",
    "Customers",
    "Deployments",
    "FeatureSwitches",
    "Invitations",
    "Maintenance",
    "Members",
    "Outbox",
    "Query",
    "Secrets",
    "ServiceScope",
    "Tenantry",
    "VendorScope",
]
