"""The catalogue and the policy that are in force: what was adopted, never simply what a file says now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import structlog

from bot.announcements import announce_change, announce_text
from bot.domain.incident import Incident
from bot.domain.standing import Terms
from bot.domain.store import Tx
from bot.domain.tool import Inventory, Tool
from bot.errors import ArgumentRefused, CatalogueError, Misconfigured
from bot.in_force import Preview
from bot.sign_off.difference import difference
from bot.sign_off.policy import Policy
from bot.sign_off.rendering import call_text
from bot.tools.arguments import validate, validate_one
from bot.tools.catalogue import Catalogue, parse
from bot.tools.plan import arguments_of, refuse_other_environment, refuse_out_of_scope, resolve_call
from bot.tools.sections import sections
from bot.tools.standing_plan import standing_plan

CATALOGUE, POLICY = "catalogue", "policy"
log = structlog.get_logger()
# By the whole content: nothing that is not in force any more can come out of it.
_parsed = lru_cache(maxsize=4)(parse)


class Adopted:
    """Implements the port `InForce` over the adopted contents in the store."""

    def tools(self, tx: Tx) -> Mapping[str, Tool]:
        return catalogue_in_force(tx).tools

    def inventory(self, tx: Tx) -> Inventory:
        return catalogue_in_force(tx).inventory

    def policy(self, tx: Tx) -> Policy:
        return policy_in_force(tx)

    def check(
        self, tx: Tx, incident: Incident, tool: str, arguments: Mapping[str, object]
    ) -> tuple[Tool, dict[str, object]]:
        catalogue = catalogue_in_force(tx)
        found = catalogue.tool(tool)
        refuse_out_of_scope(found, incident)
        checked = validate(found, arguments, catalogue.inventory)
        refuse_other_environment(found, checked, incident, catalogue.inventory)
        return found, checked

    def difference(self, what: str, before: str, after: str) -> str:
        return difference(sections(what, before), sections(what, after))

    def problems(self, tx: Tx, service: str, tool: str, arguments: Mapping[str, object]) -> Mapping[str, str]:
        catalogue = catalogue_in_force(tx)
        found: dict[str, str] = {}
        for argument in catalogue.tool(tool).arguments:
            value = arguments.get(argument.name, argument.default)
            if value is None:
                found[argument.name] = "A value is needed."
                continue
            try:
                validate_one(argument, value, catalogue.inventory)
            except ArgumentRefused as error:
                found[argument.name] = error.detail.removeprefix(f"{argument.name}: ")
                continue
            row = catalogue.inventory.get(argument.inventory, {}).get(str(value), {})
            services = row.get("services") if argument.type == "reference" else None
            if isinstance(services, list) and service not in services:
                found[argument.name] = f"It belongs to {', '.join(map(str, services))}, not to {service}."
        return found

    def preview(
        self, tx: Tx, incident: Incident, tool: str, arguments: Mapping[str, object]
    ) -> Preview | None:
        catalogue = catalogue_in_force(tx)
        try:
            found = catalogue.tool(tool)
            refuse_out_of_scope(found, incident)
            checked = validate(found, arguments, catalogue.inventory)
            refuse_other_environment(found, checked, incident, catalogue.inventory)
            return _preview(catalogue, found, checked)
        except (ArgumentRefused, CatalogueError):
            return None

    def standing_plan(self, tx: Tx, terms: Terms) -> tuple[dict[str, object], str]:
        return standing_plan(catalogue_in_force(tx), policy_in_force(tx), terms), self.basis(tx)

    def basis(self, tx: Tx) -> str:
        contents = (_content(tx, CATALOGUE), _content(tx, POLICY))
        digests = [hashlib.sha256(content.encode()).hexdigest() for content in contents]
        return hashlib.sha256("".join(digests).encode()).hexdigest()


def _preview(catalogue: Catalogue, tool: Tool, arguments: Mapping[str, object]) -> Preview:
    undo = f"none: {tool.no_undo}"
    if tool.undo is not None:
        undo_arguments = arguments_of(catalogue, tool.undo, arguments)
        undo = call_text(resolve_call(catalogue, catalogue.tool(tool.undo.tool), undo_arguments))
    verification = tool.verification
    checked = f"{verification.tool}, {verification.settle_s:g} s after it ran" if verification else "none"
    lines = (
        ("Runs", call_text(resolve_call(catalogue, tool, arguments))),
        ("Expected effect", tool.expected_effect),
        ("Verification", checked),
        ("Undo", undo),
    )
    return Preview(tool.title, tool.risk.value, lines)


def catalogue_in_force(tx: Tx) -> Catalogue:
    """The adopted catalogue, read anew; a content that was parsed before is not parsed again."""
    return _parsed(_content(tx, CATALOGUE))


def policy_in_force(tx: Tx) -> Policy:
    """The adopted policy, read anew."""
    return Policy.parse(_content(tx, POLICY))


def adopt_or_offer(tx: Tx, what: str, content: str) -> None:
    """Adopt what is found if nothing was before; else offer the change, once, and keep the old one."""
    digest = digest_of(content)
    known = tx.n3.adopted(what)
    for withdrawn in tx.n3.withdraw(what, digest):
        announce_change(tx, withdrawn)
    if known is not None and known.digest != digest and tx.n3.rejected(what, digest):
        log.warning("N3 rejected what the file says; the old one holds until it is changed again", what=what)
        return
    if known is None:
        tx.n3.adopt(what, digest, content)
        tx.audit.append("vigie", f"{what} adopted at the first start", what, {"sha256": digest})
        announce_text(tx, f"adopted:{what}", f":memo: The {what} was taken as it was found: `{digest[:16]}`.")
    elif known.digest != digest and not any(o.digest == digest for o in tx.n3.offers() if o.what == what):
        offer = tx.n3.offer(what, digest, content)
        tx.audit.append("vigie", f"{what} changed in its file; the old one holds", what, {"sha256": digest})
        announce_change(tx, offer.id)
        log.warning("a file differs from what is in force; the old one holds until N3 signs", what=what)


def digest_of(content: str) -> str:
    """The sha256 under which a content is adopted, offered and signed."""
    return hashlib.sha256(content.encode()).hexdigest()


def _content(tx: Tx, what: str) -> str:
    adopted = tx.n3.adopted(what)
    if adopted is None:
        raise Misconfigured(f"No {what} was adopted yet; start `vigie serve` once.")
    return adopted.content
