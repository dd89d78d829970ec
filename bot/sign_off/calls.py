"""A call as one unambiguous line, by its shape: what a person reads before signing it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping


def line_of(call: Mapping[str, object]) -> str:
    """What runs, on which target, with which values; what is not said in words follows as JSON."""
    if "ssh" in call:
        return _ssh(call)
    if "argv" in call:
        return f"{_argv(call)}{_rest(call, 'argv', 'files')}"
    if "statement" in call:
        return _sql(call)
    if "query" in call:
        rest = _rest(call, "query", "url", "headers")
        return f"{_json(call['query'])} asked of {call['url']}{_headers(call)}{rest}"
    if "file" in call:
        words = f" that hold {_json(call['contains'])}" if call.get("contains") else ""
        return f"the last {call['lines']} lines of {call['file']}{words}"
    if "method" in call:
        return _http(call)
    return _json(call)


def _argv(call: Mapping[str, object]) -> str:
    argv = call["argv"]
    assert isinstance(argv, list)
    return shlex.join(str(part) for part in argv)


def _ssh(call: Mapping[str, object]) -> str:
    where = call["ssh"]
    assert isinstance(where, Mapping)
    known = where.get("host_key") or f"{where['known_hosts']} with sha256 {where['sha256']}"
    key = f"with the key {where['key']}{' (restricted)' if where.get('restricted') else ''}"
    return (
        f"on {where['host']} port {where['port']} as {where['user']} {key}, known by {known}: {_argv(call)}"
    )


def _sql(call: Mapping[str, object]) -> str:
    values = f" with {_json(call['parameters'])}" if call["parameters"] else ""
    how = "only reading" if call["read_only"] else f"changing {call['max_rows']} rows at most"
    return f"{_json(call['statement'])}{values} on {call['database']}, {how}"


def _http(call: Mapping[str, object]) -> str:
    body = "" if call.get("body") is None else f" {_json(call['body'])}"
    rest = _rest(call, "method", "url", "headers", "body")
    return f"{call['method']} {call['url']}{_headers(call)}{body}{rest}"


def _headers(call: Mapping[str, object]) -> str:
    """Secrets stand in them by name; an address holds no space, so where it ends is plain."""
    headers = call.get("headers")
    return f" with headers {_json(headers)}" if headers else ""


def _rest(call: Mapping[str, object], *told: str) -> str:
    rest = {name: value for name, value in call.items() if name not in told}
    return f" {_json(rest)}" if rest else ""


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
