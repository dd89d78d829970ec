"""A commented vigie.toml out of the models: every setting with its meaning and default."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.mistakes.validation import example_of
from bot.settings import File, PolicySection, SecretSection, SignOffRuleSection
from bot.sign_off.policy import DEFAULT_RULES

Given = Mapping[str, Mapping[str, object]]
_HEAD = """\
# The settings of Vigie. Each stands here with its default; a line that begins with # is not in effect.
# Tokens and keys do not belong here: they stand in vigie.env. `vigie doctor` checks both.
"""


def toml_text(given: Given, notes: Mapping[str, str] | None = None) -> str:
    """The whole file; `given` are values by section and name, `notes` a further line above a section's."""
    lines = [_HEAD]
    sections = {name: field for name, field in File.model_fields.items() if _section(field)}
    for name, field in File.model_fields.items():
        if name not in sections and name not in ("policy", "sign_off_rules", "secret", "sources"):
            lines += _setting(name, field, {})
    for name, field in sections.items():
        lines += ["", *_comment(field.description or ""), *_comment((notes or {}).get(name, "")), f"[{name}]"]
        model = _section(field)
        assert model is not None
        for key, inner in model.model_fields.items():
            if _section(inner) is None:
                lines += _setting(key, inner, given.get(name, {}))
        lines += _inner_sections(name, model)
    lines += ["", *_policy(), "", *_sign_off_rules(), "", *_secret(), "", *_sources()]
    return "\n".join(lines) + "\n"


def _inner_sections(name: str, model: type[BaseModel]) -> Iterator[str]:
    """The sections of a section, such as [model.budget]."""
    for key, field in model.model_fields.items():
        inner = _section(field)
        if inner is not None:
            yield from ("", *_comment(field.description or ""), f"[{name}.{key}]")
            for setting, its in inner.model_fields.items():
                yield from _setting(setting, its, {})


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind: Any = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _setting(name: str, field: FieldInfo, given: Mapping[str, object]) -> Iterator[str]:
    """What it means, then its value: given, or the default as a comment."""
    yield from _comment(field.description or "")
    if name in given:
        yield f"{name} = {toml(given[name])}"
        return
    default = field.get_default(call_default_factory=True)
    if default is None:  # TOML has no word for it
        default = example_of(field)
    yield f"# {name} = {toml(default)}"


def _policy() -> Iterator[str]:
    """The sections of the policy with what holds where they are not given."""
    yield from _comment(File.model_fields["policy"].description or "")
    for key, inner in PolicySection.model_fields.items():
        yield from _comment(f"{key}: {inner.description}")
    for risk, rule in DEFAULT_RULES.items():
        yield f"# [policy.{risk}]"
        yield f"# signatures = {rule.signatures}"
        yield f"# minutes_to_sign = {toml(rule.time_to_sign.total_seconds() / 60)}"
        yield f"# minutes_to_execute = {toml(rule.time_to_execute.total_seconds() / 60)}"


def _sign_off_rules() -> Iterator[str]:
    """One special rule as an example, with what each of its settings means."""
    yield from _comment(File.model_fields["sign_off_rules"].description or "")
    yield "# [[sign_off_rules]]"
    for key, inner in SignOffRuleSection.model_fields.items():
        yield from _comment(f"{key}: {inner.description}")
        yield f"# {key} = {toml(example_of(inner))}"


def _secret() -> Iterator[str]:
    """An example of each way to keep a secret."""
    yield from _comment(File.model_fields["secret"].description or "")
    for key, inner in SecretSection.model_fields.items():
        yield from _comment(f"{key}: {inner.description}")
    yield "# [secret.SHOP_DB_PASSWORD]"
    yield '# file = "/run/secrets/shop-db"'


def _sources() -> Iterator[str]:
    """One source as an example: what may stand in such a section is in bot/sources/README.md."""
    yield from _comment(File.model_fields["sources"].description or "")
    yield "# [sources.grafana_eu]"
    yield '# kind = "grafana"'
    yield '# token_env = "GRAFANA_EU_TOKEN"'


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, 98)]


def toml(value: object) -> str:
    """A value as TOML: texts, numbers, booleans, and lists and tables of them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool | int):
        return str(value).lower()
    # JSON's escapes are TOML's, but for DEL, which no setting of ours may hold.
    return json.dumps(str(value), ensure_ascii=False)
