"""A WSGI application that opens its store when it is loaded: with gunicorn's `--preload` before the workers are forked."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tenantry import RootKey, Tenantry

app = Tenantry.open(os.environ["STORE"], root_key=RootKey.from_bytes(bytes(32)))
ada = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
ada.secrets.set("KEY", "made before the fork")
ada.customers.create("loaded", external_id="loaded")


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """Creates a customer with the name that is asked for, and answers who did it."""
    name = environ["QUERY_STRING"]
    ada.customers.create(name, external_id=name)
    assert ada.customers.find(name).name == name
    [secret] = app.service(ada.place, "worker", "test").resolve(["KEY"])
    assert secret.value.reveal() == "made before the fork"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
