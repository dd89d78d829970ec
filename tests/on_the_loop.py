"""Which store calls stand on an event loop: found in the syntax, by following calls as far as names tell.

A call is followed where its name says what is called: a function or class of the module or imported into it,
a method of the class itself or of its bases, a method of what an attribute or a parameter is annotated or
made as. Nested sync functions and lambdas run when somebody calls them, so they are passed over.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

OPENS = {"read", "begin", "now", "clock"}
"""What of a store waits for the database."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass
class Class:
    """A class of ours: its methods, and the classes of its attributes as far as they are known."""

    module: str
    bases: list[ast.expr]
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A function where it stands. `known`: the classes of names in it, by their dotted names."""

    module: str
    function: Function
    owner: str
    known: Mapping[str, str]


class Blocking:
    """All functions of some modules, and which of them wait for a store."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        """`trees`: by the dotted name of the module."""
        self._names: dict[str, dict[str, str]] = {}
        self._classes: dict[str, Class] = {}
        self._places: dict[str, Place] = {}
        self._nested: list[Place] = []
        self._blocks: dict[str, bool] = {}
        for module, tree in trees.items():
            self._names[module] = dict(_names(module, tree))
        for module, tree in trees.items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    self._classes[f"{module}.{node.name}"] = self._class(module, node)
        for module, tree in trees.items():
            self._collect(module, tree, "", {})

    def on_the_loop(self) -> Iterator[tuple[str, ast.Call]]:
        """The module and the call of all that waits for a store in the body of an `async def`."""
        for place in (*self._places.values(), *self._nested):
            if isinstance(place.function, ast.AsyncFunctionDef):
                for call in _calls(place.function):
                    if _opens(call) or self._waits(self._called(place, call.func)):
                        yield place.module, call

    def _waits(self, name: str) -> bool:
        """Whether the sync function of this name waits for a store, or one that it calls."""
        place = self._places.get(name)
        if place is None or isinstance(place.function, ast.AsyncFunctionDef):
            return False
        if name not in self._blocks:
            self._blocks[name] = False  # while it is looked at: who calls itself adds nothing
            self._blocks[name] = any(
                _opens(call) or self._waits(self._called(place, call.func)) for call in _calls(place.function)
            )
        return self._blocks[name]

    def _called(self, place: Place, called: ast.expr) -> str:
        """The dotted name of the function that is called, as far as it can be told."""
        if isinstance(called, ast.Name):
            name = self._names[place.module].get(called.id, "")
            return f"{name}.__init__" if name in self._classes else name
        if not isinstance(called, ast.Attribute):
            return ""
        if isinstance(called.value, ast.Name) and called.value.id not in place.known:
            within = self._names[place.module].get(called.value.id, "")
            if within in self._names:
                return f"{within}.{called.attr}"
        return self._method(self._kind(place, called.value), called.attr)

    def _kind(self, place: Place, value: ast.expr) -> str:
        """The class of an expression; empty where nobody says."""
        if isinstance(value, ast.Name):
            return place.owner if value.id == "self" else place.known.get(value.id, "")
        if isinstance(value, ast.Attribute):
            return self._attribute(self._kind(place, value.value), value.attr)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            name = self._names[place.module].get(value.func.id, "")
            return name if name in self._classes else ""
        return ""

    def _method(self, kind: str, name: str) -> str:
        for one in self._line(kind):
            if name in self._classes[one].methods:
                return f"{one}.{name}"
        return ""

    def _attribute(self, kind: str, name: str) -> str:
        return next((a for one in self._line(kind) if (a := self._classes[one].attributes.get(name))), "")

    def _line(self, kind: str) -> Iterator[str]:
        """The class and its bases, as far as they are ours."""
        found = self._classes.get(kind)
        if found is not None:
            yield kind
            for base in found.bases:
                yield from self._line(self._annotated(found.module, base))

    # -- reading

    def _class(self, module: str, node: ast.ClassDef) -> Class:
        made = Class(module, node.bases)
        for item in node.body:
            if isinstance(item, Function):
                made.methods[item.name] = item
                if any(isinstance(d, ast.Name) and d.id == "property" for d in item.decorator_list):
                    made.attributes[item.name] = self._annotated(module, item.returns)
            elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                made.attributes[item.target.id] = self._annotated(module, item.annotation)
        for method in made.methods.values():
            given = self._given(module, method)
            for target, value in _assigned(method):
                kind = given.get(value.id, "") if isinstance(value, ast.Name) else ""
                if isinstance(value, ast.Call):
                    kind = self._annotated(module, value.func)
                if kind:
                    made.attributes.setdefault(target, kind)
        return made

    def _given(self, module: str, function: Function) -> dict[str, str]:
        """The classes of a function's parameters."""
        every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        return {one.arg: kind for one in every if (kind := self._annotated(module, one.annotation))}

    def _annotated(self, module: str, said: ast.expr | None) -> str:
        """The one name of an annotation, also of `X | None`."""
        if isinstance(said, ast.BinOp):
            return self._annotated(module, said.left)
        return self._names[module].get(said.id, "") if isinstance(said, ast.Name) else ""

    def _collect(self, module: str, within: ast.AST, owner: str, known: Mapping[str, str]) -> None:
        """All functions below `within`, each with what is known of the names in it."""
        for node in ast.iter_child_nodes(within):
            if isinstance(node, ast.ClassDef):
                self._collect(module, node, f"{module}.{node.name}", known)
            elif isinstance(node, Function):
                place = Place(module, node, owner, {**known, **self._given(module, node)})
                if isinstance(within, ast.ClassDef):
                    self._places[f"{owner}.{node.name}"] = place
                elif isinstance(within, ast.Module):
                    self._places[f"{module}.{node.name}"] = place
                else:
                    self._nested.append(place)
                self._collect(module, node, owner, place.known)
            else:
                self._collect(module, node, owner, known)


def _names(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What the names of a module stand for, dotted; imports within functions count for all of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function):
            yield node.name, f"{module}.{node.name}"


def _calls(function: Function) -> Iterator[ast.Call]:
    """The calls that happen in the function itself."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, _NESTED):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _opens(call: ast.Call) -> bool:
    """Whether it is a transaction of a store, or asks it for the time."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in OPENS:
        return False
    return ast.unparse(call.func.value).rpartition(".")[2].lstrip("_") == "store"


def _assigned(method: Function) -> Iterator[tuple[str, ast.expr]]:
    """Attributes of `self` with what they are set to."""
    for node in ast.walk(method):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                for one, value in pairs:
                    if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "self":
                        yield one.attr, value
