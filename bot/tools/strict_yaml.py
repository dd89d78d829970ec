"""YAML for a whitelist: no duplicate keys, no aliases, plain values only, and a mapping at the top."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import yaml

from bot.errors import CatalogueError
from bot.mistakes.mistake import Mistake, Place, line_of
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
        CatalogueError: not YAML, or not a mapping; names file, line and remedy.
    """
    try:
        loaded = copy.deepcopy(_read(text))  # each caller may change what it gets
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _refused(name, line, str(error.problem)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(name, 0, " ".join(str(error).split())) from None
    except RecursionError:
        raise _refused(name, 0, "nested too deep") from None
    if not isinstance(loaded, dict):
        raise _refused(name, 1, "expected a mapping of keys at the top")
    try:
        canonical(loaded)
    except (TypeError, ValueError) as error:
        # Dates, binary data, sets, infinity: what a plan could not be digested with is refused at load.
        place = _not_plain(loaded)
        where = ".".join(map(str, place))
        raise _refused(
            name, line_of(lines_of(text), place), f"{where}: a value is not plain ({error})"
        ) from None
    return loaded


@lru_cache(maxsize=64)
def _read(text: str) -> object:
    """A start reads the same few files many times over, and YAML is slow."""
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a subclass of SafeLoader


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1, of every key and list item of a text that `load_strict` has read."""
    found: dict[Place, int] = {}

    def visit(node: yaml.Node | None, place: Place) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = (*place, str(key.value))
                found[inner] = key.start_mark.line + 1
                visit(value, inner)
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                found[(*place, number)] = item.start_mark.line + 1
                visit(item, (*place, number))

    visit(yaml.compose(text, Loader=_StrictLoader), ())
    return found


def _not_plain(value: object, place: Place = ()) -> Place:
    """The place of the first value that has no one form as JSON."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for part, each in inner:
        try:
            canonical(each)
        except (TypeError, ValueError):
            return _not_plain(each, (*place, part))
    return place


_REMEDIES = (
    ("alias", "Write the value out where it is needed."),
    ("merge key", "Write the keys out, each as a plain text."),
    ("stands here twice", "Take one of them out."),
    ("not plain", "Write it as a text in quotes."),
    ("another document", "Keep one document, without a line of ---."),
    ("constructor", "Write it without the tag that begins with !."),
    ("mapping of keys at the top", "Begin with `key: value` lines."),
    ("nested too deep", "Write it flatter."),
)


def _refused(name: str, line: int, what: str) -> CatalogueError:
    what = what.replace("but found another document", "expected one document, and found another document")
    usual = "Look at the indentation there, and quote texts that hold : or # or begin with a bracket."
    remedy = next((remedy for words, remedy in _REMEDIES if words in what), usual)
    return CatalogueError(str(Mistake(name, line, what.rstrip("."), remedy)))
