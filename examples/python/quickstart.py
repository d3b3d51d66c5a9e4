"""The main job, from an empty file to a member who acts: `python quickstart.py [FILE]`."""

import sys

from tenantry import CustomerScope, FeatureDisabledError, Role, RootKey, Tenantry, VerifiedEmail

if len(sys.argv) > 1:
    app = Tenantry.open(sys.argv[1], root_key=RootKey.from_file_or_create(f"{sys.argv[1]}.key"))
else:
    app = Tenantry.open_in_memory(root_key=RootKey.generate())

with app:
    ada = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
    globex = ada.customer(ada.customers.create("Globex").id)  # Ada, acting on Globex
    invited = globex.members.invite("Hank", "hank@globex.test", Role.VIEWER)
    print(f"Hank was invited as viewer and is {invited.member.role}")  # Globex had no Administrator yet
    hank = app.accept_invitation(invited.token, VerifiedEmail("hank@globex.test"))
    assert isinstance(hank, CustomerScope)
    try:
        hank.require("alerts.view")
    except FeatureDisabledError as off:
        print(f"[{off.code}] {off}")
    print("enabling alerts enabled", *globex.features.enable("alerts").changed)
    print("Hank's portal:", " | ".join(section.title for section in hank.portal()))
    hank.secrets.set("SMTP_PASSWORD", "hunter2")
    for got in app.service(globex.place, "deployer", "rollout 7").resolve_all():
        print(f"the deployer got {got.key}, which prints as {got.value}")
