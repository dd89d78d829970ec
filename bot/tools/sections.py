"""An adopted content in sections, so that a difference is told tool by tool; nothing is left out."""

from __future__ import annotations

import yaml

from bot.mistakes.mistake import Lines
from bot.sign_off.difference import Sections
from bot.sign_off.policy_text import lines as policy_lines
from bot.tools.contents import Contents
from bot.tools.strict_yaml import lines_of

_KINDS = {"checks": "check", "actions": "action"}


def sections(what: str, content: str) -> Sections:
    """The sections of a policy or a catalogue, by their headings, in order."""
    if what == "policy":
        return {"policy": policy_lines(content)}
    found: dict[str, list[str]] = {}
    contents = Contents.parse(content)
    for name, text in contents.catalogues.items():
        for heading, lines in _parts(text):
            found.setdefault(f"{name}, {heading}", []).extend(lines)
    for name, text in contents.inventories.items():
        found[f"inventory {name}"] = text.split("\n")
    if contents.scripts is not None:
        found["scripts"] = [f"{path} sha256 {sha256}" for path, sha256 in contents.scripts.items()]
    return found


def _parts(text: str) -> list[tuple[str, list[str]]]:
    """The lines of a file by the tool that they belong to; what is above the tools is its head.

    The lines are those that the reader of the file itself counts; where it cannot, all of it is one part.
    """
    lines = text.split("\n")
    try:
        starts = _starts(lines_of(text))
    except yaml.YAMLError:
        return [("the whole file", lines)]
    if any(mark in text for mark in "\r\x85\u2028\u2029"):
        return [("the whole file", lines)]  # YAML counts these as ends of lines, too
    begin, heading, found = 0, "head", []
    for line, name in starts:
        found.append((heading, lines[begin:line]))
        begin, heading = line, name
    return [*found, (heading, lines[begin:])]


def _starts(places: Lines) -> list[tuple[int, str]]:
    """Where each tool begins, counted from 0. Two on one line are one part."""
    found: dict[int, list[str]] = {}
    for place, line in places.items():
        if len(place) == 1:
            found.setdefault(line - 1, []).append(str(place[0]))
        elif len(place) == 2 and place[0] in _KINDS:
            found.setdefault(line - 1, []).append(f"{_KINDS[str(place[0])]} {place[1]}")
    return [(line, " and ".join(names)) for line, names in sorted(found.items())]
