"""How Pydantic reads and writes a `Secret`. Imported by Pydantic's own call, never without it."""

from __future__ import annotations

from typing import Any

from pydantic_core import core_schema

from tenantry._tenantry import Secret


def schema_of_secret(cls: type[Secret]) -> Any:
    """Reads a text or a `Secret`; writes what a `Secret` shows of itself."""
    text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
    return core_schema.json_or_python_schema(
        json_schema=text,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), text]),
        serialization=core_schema.plain_serializer_function_ser_schema(
            str, return_schema=core_schema.str_schema(), when_used="json"
        ),
    )
