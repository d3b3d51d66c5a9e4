"""What a type checker must refuse: every line that ends with `# error` is one, and no other."""

from __future__ import annotations

from tenantry import Customer, CustomerScope, MemberId, Role, Secret, Tenantry, VendorScope, VerifiedEmail, aio


def ids_of_another_kind(app: Tenantry, ada: VendorScope, scope: CustomerScope, customer: Customer) -> None:
    ada.customer("cus_1")  # error
    ada.customer(MemberId("mem_1"))  # error
    scope.members.get(customer.id)  # error
    app.vendor(customer.id, scope.customer_id)  # error # error


def who_is_verified(app: Tenantry, token: Secret) -> None:
    app.accept_invitation(token, "hank@globex.test")  # error
    app.accept_invitation(VerifiedEmail("hank@globex.test"), token)  # error


def no_such_thing(app: Tenantry, ada: VendorScope, scope: CustomerScope) -> None:
    app.customers.create("Globex")  # error
    scope.customers.create("Globex")  # error
    scope.customer(scope.customer_id)  # error
    ada.customers.create()  # error
    ada.customers.create("Globex", "1")  # error
    scope.members.invite("Hank", "hank@globex.test", "viewer")  # error
    scope.features.enable(Role.VIEWER, True)  # error


def records_do_not_change(customer: Customer, secret: Secret) -> None:
    customer.name = "Globex"  # error
    secret.value  # error
    secret + "text"  # error
    Tenantry.open()  # error


async def what_is_not_awaited(ada: aio.VendorScope) -> None:
    ada.customers.create("Globex").name  # error
    for customer in ada.customers.list():  # error
        print(customer)
