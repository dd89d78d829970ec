"""YAML for a whitelist: no duplicate keys, no aliases, plain values only, and a mapping at the top."""

from __future__ import annotations

from typing import Any

import yaml

from bot.errors import CatalogueError
from bot.sign_off.digest import canonical

_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(yaml.SafeLoader):
    """Refuses what two readers could read in two ways."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                problem = "a key must be a plain text, and merge keys are not allowed"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if key.value in seen:
                problem = f"the key {key.value!r} stands here twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_strict(text: str, name: str) -> dict[str, Any]:
    """Read one mapping.

    Raises:
        CatalogueError: not YAML, or not a mapping; names file and line.
    """
    try:
        loaded = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise CatalogueError(f"{name}, line {line}: {error.problem}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise CatalogueError(f"{name}: {error}.") from None
    except RecursionError:
        raise CatalogueError(f"{name}: nested too deep.") from None
    if not isinstance(loaded, dict):
        raise CatalogueError(f"{name}: expected a mapping of keys at the top.")
    try:
        canonical(loaded)
    except (TypeError, ValueError) as error:
        # Dates, binary data, sets, infinity: what a plan could not be digested with is refused at load.
        raise CatalogueError(
            f"{name}: a value is not plain ({error}); write it as a text in quotes."
        ) from None
    return loaded
