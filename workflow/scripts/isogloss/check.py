"""Reads a configuration and says, one line for each mistake, what is wrong with it.

A line names the key, what was found and what is allowed. All of it happens before any job.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from isogloss.config.encoders import one_for_each
from isogloss.config.whole import Config
from isogloss.errors import ConfigError
from isogloss.references import references
from isogloss.schema import GROUP, Schema, dotted, not_plain, shown
from isogloss.wording import allowed, refuse


def load_config(raw: Mapping[str, Any]) -> Config:
    """Check a configuration as read from YAML.

    Raises
    ------
    ConfigError
        one line per mistake: key, what was found, what is allowed
    """
    if not isinstance(raw, Mapping):
        raise ConfigError(f"configuration: found {shown(raw)}; allowed: {GROUP}")
    odd = [
        f"{key}: found a value of type {kind}; allowed: text, numbers, true or false, null, lists "
        "and groups of keys (text in quotes stays text)"
        for key, kind in not_plain(raw)
    ]
    refuse(odd)
    plain = json.loads(json.dumps(raw))
    try:
        config = Config.model_validate(plain)
    except ValidationError as error:
        raise ConfigError("\n".join(_mistakes(error, plain))) from None
    config = config.model_copy(update={"encoders": one_for_each(config.encoders)})
    refuse(references(config))
    return config


def _mistakes(error: ValidationError, raw: Mapping[str, Any]) -> list[str]:
    """One line per key; of the alternatives of a union only what lies deepest."""
    schema = Schema()
    lines: dict[tuple[str | int, ...], str] = {}
    for item in error.errors():
        keys = schema.place(item["loc"], raw).keys
        lines.setdefault(keys, _explain(item, raw, schema))
    return [
        line
        for keys, line in lines.items()
        if not any(len(other) > len(keys) and other[: len(keys)] == keys for other in lines)
    ]


def _explain(item: Any, raw: Mapping[str, Any], schema: Schema) -> str:
    kind, location, found = item["type"], item["loc"], item["input"]
    keys, node = schema.place(location, raw)
    where = dotted(keys)
    if kind == "value_error":
        return f"{where}: {item['ctx']['error']}"
    if kind == "extra_forbidden":
        group = schema.place(location[:-1], raw)
        holder = _value(raw, group.keys)
        return f"{where}: unknown key; {allowed(str(keys[-1]), schema.keys(group.node, holder))}"
    if kind == "missing":
        return f"{where}: missing; allowed: {schema.allowed(node)}"
    if kind.startswith("union_tag"):
        kinds = ", ".join(node["discriminator"]["mapping"])
        value = f"found {shown(found['kind'])}" if "kind" in found else "missing"
        return f"{where}.kind: {value}; allowed: {kinds}"
    if location[-1] == "[key]":
        group = schema.place(location[:-2], raw)
        return f"{where}: found the name {shown(found)}; allowed: {_names(group.node, schema)}"
    quotes = not isinstance(found, str | list | dict | None) and node.get("type") == "string"
    hint = " (in quotes it is text)" if quotes else ""
    return f"{where}: found {shown(found)}; allowed: {schema.allowed(node)}{hint}"


def _names(group: dict[str, Any], schema: Schema) -> str:
    """What the names of a group's entries may be."""
    if "propertyNames" in group:
        return schema.allowed(group["propertyNames"])
    return schema.allowed({"type": "string", "pattern": next(iter(group["patternProperties"]))})


def _value(raw: Any, keys: Iterable[str | int]) -> Any:
    for key in keys:
        raw = raw[key]
    return raw
