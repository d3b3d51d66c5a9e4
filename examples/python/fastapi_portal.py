"""A small API over tenantry: `uvicorn fastapi_portal:api`, or `python fastapi_portal.py` to see it answer.

Who is signed in comes from the header `X-Email`: put your own sign-in there, which verifies it.
"""

from typing import Annotated

from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel

from tenantry import (
    Customer,
    CustomerId,
    FeatureChange,
    Features,
    Invited,
    Page,
    PortalSection,
    Role,
    RootKey,
    VerifiedEmail,
    aio,
)
from tenantry.fastapi import add_exception_handler, lifespan, member, staff


async def open_store() -> aio.Tenantry:
    """A store for trying out, with its vendor; a program of yours opens a file, and makes its vendor once."""
    app = await aio.Tenantry.open_in_memory(root_key=RootKey.generate())
    await app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
    return app


api = FastAPI(title="Customers", lifespan=lifespan(open_store))
add_exception_handler(api)


def signed_in(x_email: Annotated[str, Header()]) -> VerifiedEmail:
    """Who is signed in; who is nobody here gets 404."""
    return VerifiedEmail(x_email)


Staff = Annotated[aio.VendorScope, Depends(staff("acme", signed_in))]
Member = Annotated[aio.CustomerScope, Depends(member("acme", signed_in))]


class NewCustomerBody(BaseModel):
    """What a customer is created from."""

    name: str
    external_id: str | None = None


class InviteBody(BaseModel):
    """Whom to invite."""

    name: str
    email: str
    role: Role


@api.get("/customers")
async def list_customers(scope: Staff, text: str = "", after: str | None = None) -> Page[Customer]:
    """One page of the customers that the text is found in."""
    return await scope.customers.list(text=text).page(after=after)


@api.post("/customers", status_code=201)
async def create_customer(scope: Staff, body: NewCustomerBody) -> Customer:
    """Creates a customer."""
    return await scope.customers.create(body.name, external_id=body.external_id)


@api.post("/customers/{customer}/invitations", status_code=201)
async def invite(scope: Staff, customer: CustomerId, body: InviteBody) -> Invited:
    """Invites a person; the answer does not show the token, which belongs into the e-mail that you send here."""
    return await scope.customer(customer).members.invite(body.name, body.email, body.role)


@api.get("/customers/{customer}/features")
async def features(scope: Staff, customer: CustomerId) -> Features:
    """The features of a customer."""
    return await scope.customer(customer).features.list()


@api.put("/customers/{customer}/features/{feature}")
async def enable(scope: Staff, customer: CustomerId, feature: str) -> FeatureChange:
    """Enables a feature, and what it requires."""
    return await scope.customer(customer).features.enable(feature)


@api.get("/portal/{customer}")
async def portal(scope: Member) -> list[PortalSection]:
    """The sections that a member of the customer sees."""
    return list(await scope.portal())


if __name__ == "__main__":
    from fastapi.testclient import TestClient

    with TestClient(api, headers={"X-Email": "ada@acme.test"}) as client:
        made = client.post("/customers", json={"name": "Globex", "external_id": "1"}).json()
        print("created", made["name"], "with", *made["features"])
        print("again:", client.post("/customers", json={"name": "Globex", "external_id": "1"}).json()["code"])
        print("unknown:", client.get("/customers/cus_" + "0" * 32 + "/features").json()["code"])
        print("enabled:", *client.put(f"/customers/{made['id']}/features/alerts").json()["changed"])
