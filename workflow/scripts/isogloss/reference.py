"""The reference page of all configuration keys, and the JSON schema.

`python -m isogloss.reference docs/config.md config/schema.json` writes both.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from isogloss.schema import Node, Schema, entries_of, shown

INTRODUCTION = """\
# Configuration keys

This page is generated from the models in `workflow/scripts/isogloss/config/` by `make docs`.
`NAME` stands for a name of your choice, `N` for a place in a list, counted from 0. A key without
a default must be given. Unknown keys are refused. `config/schema.json` holds the same as a JSON
schema, for editors that complete and check YAML.
"""


class Group(NamedTuple):
    """One group of keys: where it stands, its node, and the kind that chooses it."""

    path: str
    node: Node
    kind: str | None


def groups(schema: Schema) -> Iterator[Group]:
    """All groups of keys, in the order of the models."""
    yield from _groups(schema, Group("", schema.root, None))


def page(schema: Schema) -> str:
    """The reference page, Markdown."""
    return "\n".join([INTRODUCTION, *(_section(schema, group) for group in groups(schema))])


def schema_text(schema: Schema) -> str:
    """The JSON schema as text."""
    return json.dumps(schema.root, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _groups(schema: Schema, group: Group) -> Iterator[Group]:
    yield group
    for name, child in group.node["properties"].items():
        yield from _below(schema, f"{group.path}.{name}".lstrip("."), schema.resolve(child))


def _below(schema: Schema, path: str, node: Node) -> Iterator[Group]:
    """Groups under a key that is a group, a list of groups, or names of groups."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    for kind, reference in mapping.items():
        yield from _groups(schema, Group(path, schema.resolve({"$ref": reference}), kind))
    if "properties" in node:
        yield from _groups(schema, Group(path, node, None))
    for option in node.get("anyOf", []):
        yield from _below(schema, path, schema.resolve(option))
    if (entries := entries_of(node)) is not None:
        yield from _below(schema, f"{path}.NAME", schema.resolve(entries))
    if "items" in node:
        yield from _below(schema, f"{path}.N", schema.resolve(node["items"]))


def _section(schema: Schema, group: Group) -> str:
    title = f"`{group.path}`" if group.path else "Top level"
    kind = f" with `kind: {group.kind}`" if group.kind else ""
    lines = [
        f"## {title}{kind}",
        "",
        group.node["description"],
        "",
        "| key | allowed | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, node in group.node["properties"].items():
        key = f"`{group.path}.{name}`" if group.path else f"`{name}`"
        cells = (key, schema.allowed(node), _default(node), node["description"])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _default(node: Node) -> str:
    if "default" not in node:
        return ""
    value = node["default"]
    if isinstance(value, dict):
        return "see below" if "$ref" in node else f"`{json.dumps(value)}`"
    return f"`{value}`" if isinstance(value, str) else f"`{shown(value)}`"


def main(arguments: Sequence[str]) -> None:
    """Write the page and the schema to the two paths given."""
    page_path, schema_path = arguments
    schema = Schema()
    Path(page_path).write_text(page(schema), encoding="utf-8")
    Path(schema_path).write_text(schema_text(schema), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
