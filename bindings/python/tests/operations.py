"""One call for each operation of the Rust API, made the same way in both modes: `do` waits for a call or awaits it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tenantry import NewCustomer, Role, VerifiedEmail

Do = Callable[[Any], Awaitable[Any]]

KEY = "KEY"
TEMPLATE = "{{ .Secrets.KEY }}"


class World:
    """A vendor with a customer, a member who joined, one who is invited, and a secret."""

    app: Any
    boss: Any
    scope: Any
    member: Any
    invited: Any
    service: Any

    @staticmethod
    async def make(app: Any, do: Do) -> World:
        world = World()
        world.app = app
        world.boss = await do(app.bootstrap("acme", "Acme", "Ada", "ada@acme.test"))
        world.scope = world.boss.customer((await do(world.boss.customers.create("Globex", external_id="1"))).id)
        first = await do(world.scope.members.invite("Hank", "hank@globex.test", Role.ADMINISTRATOR))
        await do(app.accept_invitation(first.token, VerifiedEmail("hank@globex.test")))
        vera = await do(world.scope.members.invite("Vera", "vera@globex.test", Role.VIEWER))
        await do(app.accept_invitation(vera.token, VerifiedEmail("vera@globex.test")))
        world.member = await do(world.scope.members.get(vera.member.id))
        world.invited = await do(world.scope.members.invite("Ida", "ida@globex.test", Role.USER))
        await do(world.scope.secrets.set(KEY, "value of the first"))
        await do(world.scope.secrets.set(KEY, "value of the second"))
        world.service = app.service(world.scope.place, "deployer", "rollout 7")
        await do(world.service.register_deployment("eu-1", "Europe", [TEMPLATE]))
        return world


def ida() -> VerifiedEmail:
    return VerifiedEmail("ida@globex.test")


CALLS: dict[str, list[tuple[str, Callable[[World], Any]]]] = {
    "vendors.bootstrap": [("Tenantry.bootstrap", lambda w: w.app.bootstrap("b", "B", "Bea", "bea@b.test"))],
    "vendors.list": [("Tenantry.vendors", lambda w: w.app.vendors())],
    "vendors.find": [("Tenantry.find_vendor", lambda w: w.app.find_vendor("acme"))],
    "users.identify": [("Tenantry.identify", lambda w: w.app.identify(w.boss.vendor_id, ida()))],
    "users.change_email": [
        (
            "Tenantry.change_email",
            lambda w: w.app.change_email(w.boss.vendor_id, w.member.user, VerifiedEmail("v@globex.test")),
        )
    ],
    "invitations.find": [("Tenantry.find_invitation", lambda w: w.app.find_invitation(w.invited.token))],
    "invitations.accept": [("Tenantry.accept_invitation", lambda w: w.app.accept_invitation(w.invited.token, ida()))],
    "invitations.decline": [("Tenantry.decline_invitation", lambda w: w.app.decline_invitation(w.invited.token, ida()))],
    "maintenance": [
        ("Maintenance.verify", lambda w: w.app.maintenance("test").verify()),
        ("Maintenance.heads", lambda w: w.app.maintenance("test").heads(w.boss.vendor_id)),
        ("Maintenance.schema_version", lambda w: w.app.maintenance("test").schema_version()),
        ("Maintenance.root_keys", lambda w: w.app.maintenance("test").root_keys()),
        ("Maintenance.stage_root_key", lambda w: w.app.maintenance("test").stage_root_key()),
        ("Maintenance.unstage_root_key", lambda w: w.app.maintenance("test").unstage_root_key()),
        ("Maintenance.rotate_root_key", lambda w: w.app.maintenance("test").rotate_root_key()),
        ("Maintenance.rotate_place_key", lambda w: w.app.maintenance("test").rotate_place_key(w.scope.place)),
        ("Maintenance.backup", lambda w: w.app.maintenance("test").backup("copy.db")),
        ("Maintenance.close", lambda w: w.app.maintenance("test").close()),
        ("Tenantry.close", lambda w: w.app.close()),
    ],
    "outbox.deliver": [("Outbox.deliver", lambda w: w.app.outbox(print).deliver())],
    "access.require": [
        ("VendorScope.require", lambda w: w.boss.require("customers.view")),
        ("CustomerScope.require", lambda w: w.scope.require("customers.view")),
        ("ServiceScope.require", lambda w: w.service.require("secrets.resolve")),
    ],
    "access.can": [
        ("VendorScope.can", lambda w: w.boss.can("customers.view")),
        ("CustomerScope.can", lambda w: w.scope.can("customers.view")),
        ("ServiceScope.can", lambda w: w.service.can("secrets.resolve")),
    ],
    "access.explain": [
        ("VendorScope.explain", lambda w: w.boss.explain("customers.view")),
        ("CustomerScope.explain", lambda w: w.scope.explain("customers.view")),
        ("ServiceScope.explain", lambda w: w.service.explain("secrets.resolve")),
    ],
    "access.snapshot": [
        ("VendorScope.snapshot", lambda w: w.boss.snapshot()),
        ("CustomerScope.snapshot", lambda w: w.scope.snapshot()),
        ("ServiceScope.snapshot", lambda w: w.service.snapshot()),
    ],
    "access.explain_for": [("CustomerScope.explain_for", lambda w: w.scope.explain_for(w.member.user, "alerts.view"))],
    "users.erase": [("VendorScope.erase_user", lambda w: w.boss.erase_user(w.member.user))],
    "customers.create": [("Customers.create", lambda w: w.boss.customers.create("Initech"))],
    "customers.import": [("Customers.import_rows", lambda w: w.boss.customers.import_rows([NewCustomer("I", "2")]))],
    "customers.list": [("Customers.list", lambda w: w.boss.customers.list(text="glob"))],
    "customers.find": [("Customers.find", lambda w: w.boss.customers.find("1"))],
    "customers.get": [("CustomerScope.get", lambda w: w.scope.get())],
    "customers.update": [("CustomerScope.update", lambda w: w.scope.update(name="Globex Inc."))],
    "customers.archive": [("CustomerScope.archive", lambda w: w.scope.archive())],
    "customers.unarchive": [("CustomerScope.unarchive", lambda w: w.scope.unarchive())],
    "customers.delete": [("CustomerScope.delete", lambda w: w.scope.delete("Globex"))],
    "members.list": [("Members.list", lambda w: w.scope.members.list())],
    "members.get": [("Members.get", lambda w: w.scope.members.get(w.member.id))],
    "members.find": [("Members.find", lambda w: w.scope.members.find(w.member.user))],
    "members.invite": [("Members.invite", lambda w: w.scope.members.invite("N", "n@globex.test", Role.USER))],
    "members.rename": [("Members.rename", lambda w: w.scope.members.rename(w.member.id, "Vera V."))],
    "members.change_role": [("Members.change_role", lambda w: w.scope.members.change_role(w.member.id, Role.USER))],
    "members.suspend": [("Members.suspend", lambda w: w.scope.members.suspend(w.member.id))],
    "members.resume": [("Members.resume", lambda w: w.scope.members.resume(w.member.id))],
    "members.remove": [("Members.remove", lambda w: w.scope.members.remove(w.member.id))],
    "invitations.list": [("Invitations.list", lambda w: w.scope.invitations.list())],
    "invitations.get": [("Invitations.get", lambda w: w.scope.invitations.get(w.invited.invitation.id))],
    "invitations.resend": [("Invitations.resend", lambda w: w.scope.invitations.resend(w.invited.invitation.id))],
    "invitations.revoke": [("Invitations.revoke", lambda w: w.scope.invitations.revoke(w.invited.invitation.id))],
    "secrets.list": [("Secrets.list", lambda w: w.scope.secrets.list())],
    "secrets.set": [("Secrets.set", lambda w: w.scope.secrets.set(KEY, "another", at_version=2))],
    "secrets.delete": [("Secrets.delete", lambda w: w.scope.secrets.delete(KEY, although_used=True))],
    "secrets.versions": [("Secrets.versions", lambda w: w.scope.secrets.versions(KEY))],
    "secrets.roll_back": [("Secrets.roll_back", lambda w: w.scope.secrets.roll_back(KEY, 1))],
    "secrets.destroy": [("Secrets.destroy", lambda w: w.scope.secrets.destroy(KEY, 1))],
    "secrets.used_by": [("Secrets.used_by", lambda w: w.scope.secrets.used_by(KEY))],
    "secrets.check": [("Secrets.check", lambda w: w.scope.secrets.check("{{ .Secrets.NONE }}"))],
    "secrets.resolve": [
        ("ServiceScope.resolve", lambda w: w.service.resolve([KEY])),
        ("ServiceScope.resolve_all", lambda w: w.service.resolve_all()),
    ],
    "secrets.render": [("ServiceScope.render", lambda w: w.service.render(TEMPLATE, "plain"))],
    "secrets.redactor": [("ServiceScope.redactor", lambda w: w.service.redactor())],
    "deployments.list": [("Deployments.list", lambda w: w.scope.deployments.list())],
    "deployments.register": [
        ("ServiceScope.register_deployment", lambda w: w.service.register_deployment("us-1", "America"))
    ],
    "deployments.report": [("ServiceScope.report_running", lambda w: w.service.report_running("eu-1", {KEY: 2}))],
    "deployments.remove": [("ServiceScope.remove_deployment", lambda w: w.service.remove_deployment("eu-1"))],
    "features.list": [("FeatureSwitches.list", lambda w: w.scope.features.list())],
    "features.enable": [("FeatureSwitches.enable", lambda w: w.scope.features.enable("alerts"))],
    "features.disable": [("FeatureSwitches.disable", lambda w: w.scope.features.disable("artifacts"))],
    "features.preview": [
        ("FeatureSwitches.preview_enable", lambda w: w.scope.features.preview_enable("alerts")),
        ("FeatureSwitches.preview_disable", lambda w: w.scope.features.preview_disable("deployments")),
    ],
    "portal.sections": [("CustomerScope.portal", lambda w: w.scope.portal())],
    "audit.list": [("Audit.list", lambda w: w.scope.audit.list())],
    "audit.follow": [("Audit.follow", lambda w: w.boss.audit.follow(customer=w.scope.customer_id))],
}
