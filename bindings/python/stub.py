"""Writes the stub of the native module from what PyO3 generates, which knows neither modes nor the records of Python.

    maturin generate-stubs --features stubs --out generated -- -C strip=none
    python stub.py generated/tenantry/_tenantry.pyi python/tenantry/_tenantry.pyi

What it corrects:

- A handle has one class in Rust that both modes share, and an empty class for each mode. Here each mode gets the methods:
  `Call[T]` is `T` where it is waited for, `Awaitable[T]` where asyncio awaits it.
- PyO3 takes no annotation for a getter: the types stand in `GETTERS`.
- Annotations that are given in Rust come out as texts; the shared classes, and what they derive from, are not public.
"""

from __future__ import annotations

import ast
import copy
import sys
from pathlib import Path
from typing import cast

GETTERS = {
    "Catalog.default_features": "tuple[str, ...]",
    "Catalog.features": "tuple[Feature, ...]",
    "Catalog.permissions": "tuple[Permission, ...]",
    "Catalog.sections": "tuple[Section, ...]",
    "CustomerScope.audit": "Audit",
    "CustomerScope.customer_id": "CustomerId",
    "CustomerScope.deployments": "Deployments",
    "CustomerScope.features": "FeatureSwitches",
    "CustomerScope.invitations": "Invitations",
    "CustomerScope.members": "Members",
    "CustomerScope.place": "Place",
    "CustomerScope.secrets": "Secrets",
    "CustomerScope.user_id": "UserId | None",
    "KeyRing.ids": "tuple[str, ...]",
    "Redactor.left_out": "tuple[str, ...]",
    "ServiceScope.place": "Place",
    "ServiceScope.user_id": "UserId | None",
    "Snapshot.role": "Role | None",
    "Template.references": "tuple[str, ...]",
    "Tenantry.catalog": "Catalog",
    "VendorScope.audit": "Audit",
    "VendorScope.customers": "Customers",
    "VendorScope.deployments": "Deployments",
    "VendorScope.invitations": "Invitations",
    "VendorScope.members": "Members",
    "VendorScope.place": "Place",
    "VendorScope.secrets": "Secrets",
    "VendorScope.user_id": "UserId | None",
    "VendorScope.vendor_id": "VendorId",
}
STANDARD = {
    "collections.abc": ["Awaitable", "Callable", "Iterable", "Mapping", "Sequence"],
    "datetime": ["datetime", "timedelta"],
    "os": ["PathLike"],
    "types": ["EllipsisType"],
    "typing": ["Any", "NoReturn", "Self", "final"],
}
OURS = ["_courier.py", "_provider.py", "_query.py", "_records/*.py"]


class Correct(ast.NodeTransformer):
    """Corrects the annotations inside one class, for one mode."""

    def __init__(self, name: str, handles: set[str], asynchronous: bool) -> None:
        self.name, self.handles, self.asynchronous = name, handles, asynchronous

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return node

    def annotation(self, node: ast.expr | None) -> ast.expr | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        if node is None:
            return None
        names = Names(self.handles if self.asynchronous else set(), self.asynchronous)
        return cast("ast.expr", names.visit(node))

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = self.annotation(node.annotation)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        getter = any(isinstance(decorator, ast.Name) and decorator.id == "property" for decorator in node.decorator_list)
        known = GETTERS.get(f"{self.name}.{node.name}") if getter else None
        returns = ast.Constant(known) if known else node.returns
        node.returns = self.annotation(returns)
        return node


class Names(ast.NodeTransformer):
    """Writes handles by the names of their mode, and calls as what they answer."""

    def __init__(self, handles: set[str], asynchronous: bool) -> None:
        self.handles, self.asynchronous = handles, asynchronous

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.handles or (node.id == "Query" and self.asynchronous):
            return ast.Name(f"Async{node.id}")
        return ast.Name({"SupportsIndex": "int"}.get(node.id, node.id))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        called = isinstance(node.value, ast.Name) and node.value.id == "Call"
        self.generic_visit(node)
        if not called:
            return node
        return ast.Subscript(ast.Name("Awaitable"), node.slice) if self.asynchronous else node.slice

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name(node.attr)


def stub(generated: str, package: Path) -> str:
    """The stub that is committed, from the one that PyO3 generates."""
    module = ast.parse(generated)
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    handles = {name[1:] for name in classes if name.startswith("_") and f"Async{name[1:]}" in classes}
    body: list[ast.stmt] = []
    for name in sorted(classes):
        if name.startswith("_"):
            continue
        node = classes[name]
        plain = name.removeprefix("Async") if name.removeprefix("Async") in handles else name
        if plain in handles:
            node.body += copy.deepcopy(classes[f"_{plain}"].body[1:])
        node.bases = []
        node.decorator_list = [ast.Name("final")]
        Correct(plain, handles, name != plain).visit(node)
        body.append(node)
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    body += [Correct("", handles, False).visit_FunctionDef(node) for node in functions]
    used = {inner.id for statement in body for inner in ast.walk(statement) if isinstance(inner, ast.Name)}
    lines = ["# Written by stub.py: do not edit.", ""]
    for source, names in STANDARD.items():
        if wanted := [name for name in names if name in used]:
            lines.append(f"from {source} import {', '.join(wanted)}")
    lines.append("")
    for path in [path for pattern in OURS for path in sorted(package.glob(pattern))]:
        tree = ast.parse(path.read_text())
        defined = {made.name for made in tree.body if isinstance(made, ast.ClassDef)}
        for made in tree.body:
            if isinstance(made, ast.Assign):
                defined |= {target.id for target in made.targets if isinstance(target, ast.Name)}
        if wanted := sorted(defined & used):
            source = ".".join(path.relative_to(package.parent).with_suffix("").parts)
            lines.append(f"from {source} import {', '.join(wanted)}")
    public = [made.name for made in body if isinstance(made, ast.ClassDef | ast.FunctionDef)]
    lines += ["", f"__all__ = {sorted(public)}"]
    text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    return "\n".join(lines) + "\n\n" + text + "\n"


if __name__ == "__main__":
    here = Path(__file__).parent / "python" / "tenantry"
    Path(sys.argv[2]).write_text(stub(Path(sys.argv[1]).read_text(), here))
