"""The JSON schema of the configuration, and what it allows in plain words.

The words stand in error messages and on the reference page of all keys alike.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from isogloss.config.runs import TRAINED_ON
from isogloss.config.values import LANGUAGE, NAME, REPOSITORY, REVISION, SHA256
from isogloss.config.whole import Config

Node = dict[str, Any]

PATTERNS = {
    NAME: "a name of small letters and digits, parts joined by hyphens",
    LANGUAGE: "a language code such as de, ckb or zh-hant",
    rf"^{TRAINED_ON}$": "languages joined by +, each with -100 for 100 of its examples",
    r"^[A-Z]+$": "capital letters",
    REPOSITORY: "owner/name",
    REVISION: "a commit, tag or branch",
    SHA256: "64 hexadecimal digits",
}
GROUP = "a group of keys"


class Place(NamedTuple):
    """Where a path of keys leads: the keys without pydantic's own marks, and their node."""

    keys: tuple[str | int, ...]
    node: Node


class Schema:
    """The schema with its definitions, to be walked along keys."""

    def __init__(self) -> None:
        self.root: Node = Config.model_json_schema()
        self.definitions: dict[str, Node] = self.root["$defs"]

    def resolve(self, node: Node) -> Node:
        """The definition that a reference points to, or the node itself."""
        reference = node.get("$ref")
        return self.definitions[reference.removeprefix("#/$defs/")] if reference else node

    def child(self, node: Node, key: str | int, value: object) -> Node:
        """Node of a key; `value` is what holds the key, for groups that depend on their kind."""
        for option in self.options(node, value):
            if key in option.get("properties", {}):
                return self.resolve(option["properties"][key])
            entries = entries_of(option)
            if isinstance(key, str) and entries is not None:
                return self.resolve(entries)
            if isinstance(key, int) and "items" in option:
                return self.resolve(option["items"])
            if isinstance(key, int) and key < len(option.get("prefixItems", [])):
                return self.resolve(option["prefixItems"][key])
        return {}

    def options(self, node: Node, value: object) -> list[Node]:
        """Alternatives of a node; the one chosen by `kind` where `value` has a known one."""
        mapping = node.get("discriminator", {}).get("mapping", {})
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if isinstance(kind, str) and kind in mapping:
            return [self.resolve({"$ref": mapping[kind]})]
        found = [node, *node.get("anyOf", []), *node.get("oneOf", [])]
        return [self.resolve(option) for option in found]

    def place(self, location: Sequence[str | int], raw: object) -> Place:
        """Follow pydantic's location of a mistake in the values `raw`.

        The location also holds marks of unions (`pretrained`, `list[...]`) and of keys
        (`[key]`); they are left out. The last part stays if it is a key that is missing.
        """
        keys: list[str | int] = []
        node, value = self.root, raw
        for position, part in enumerate(location):
            chooses = "discriminator" in node and part in node["discriminator"]["mapping"]
            if not chooses and _holds(value, part):
                node, value = self.child(node, part, value), value[part]  # type: ignore[index]
                keys.append(part)
            elif not chooses and position == len(location) - 1 and not _is_mark(part):
                missing = self.child(node, part, value)
                if missing:
                    keys.append(part)
                    node = missing
        return Place(tuple(keys), node)

    def keys(self, node: Node, value: object) -> list[str]:
        """Names of the keys that a group may have."""
        return [
            name for option in self.options(node, value) for name in option.get("properties", {})
        ]

    def allowed(self, node: Node) -> str:
        """What a key may be, in words."""
        node = self.resolve(node)
        if "discriminator" in node:
            return f"{GROUP} with kind: {_either(node['discriminator']['mapping'])}"
        if "anyOf" in node:
            return _either([self.allowed(option) for option in node["anyOf"]], "; or ")
        if "const" in node:
            return str(node["const"])
        if "enum" in node:
            return _either(node["enum"])
        return self._allowed_type(node)

    def _allowed_type(self, node: Node) -> str:
        kind = node.get("type")
        if kind in ("integer", "number"):
            return f"{'a whole number' if kind == 'integer' else 'a number'}{_range(node)}"
        if kind == "string":
            words = "text that is not empty" if node.get("minLength") else "text"
            return PATTERNS.get(node.get("pattern", ""), words)
        if kind == "array":
            return self._allowed_list(node)
        entries = entries_of(node)
        if kind == "object" and entries is not None:
            least = ", at least one" if node.get("minProperties") else ""
            names = node.get("propertyNames", {}).get("enum")
            named = f" named {_either(names)}" if names else ""
            return f"{GROUP}{named}{least}, each {self.allowed(entries)}"
        return {"boolean": "true or false", "null": "null"}.get(str(kind), GROUP)

    def _allowed_list(self, node: Node) -> str:
        if "prefixItems" in node:
            items = node["prefixItems"]
            return f"a list of {len(items)}, each {self.allowed(items[0])}"
        least = f" of at least {node['minItems']}" if node.get("minItems") else ""
        return f"a list{least}, each {self.allowed(node['items'])}"


def entries_of(node: Node) -> Node | None:
    """Node of the values in a group whose keys are free names."""
    for values in (*node.get("patternProperties", {}).values(), node.get("additionalProperties")):
        if isinstance(values, dict):
            return values
    return None


def shown(value: object) -> str:
    """A value as one would write it in YAML, cut where it is long."""
    if isinstance(value, Mapping):
        return GROUP if value else "an empty group"
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:76]} ..."


def not_plain(value: object, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Keys and types of values that JSON does not know, such as dates."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from not_plain(inner, (*keys, key))
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from not_plain(inner, (*keys, place))
    elif not isinstance(value, str | int | float | None):
        yield dotted(keys), type(value).__name__


def dotted(keys: Iterable[str | int]) -> str:
    """Path of keys as messages name it."""
    return ".".join(str(key) for key in keys) or "configuration"


def _holds(value: object, key: str | int) -> bool:
    if isinstance(value, Mapping):
        return key in value
    return isinstance(value, list) and isinstance(key, int) and key < len(value)


def _is_mark(part: str | int) -> bool:
    return isinstance(part, str) and "[" in part


def _either(options: Iterable[object], last: str = " or ") -> str:
    words = [str(option) for option in options]
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _range(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    limits = (("at least", low), ("above", above), ("at most", high), ("below", below))
    words = [f"{word} {limit}" for word, limit in limits if limit is not None]
    return f", {' and '.join(words)}" if words else ""
