"""What people do with an incident: take it, resolve it, confirm what was learned."""

from __future__ import annotations

import hashlib

from bot.announcements import announce_incident, announce_investigation, announce_summary
from bot.copilot.part import Part, resolve
from bot.domain.incident import IncidentState
from bot.domain.person import Person
from bot.errors import WordingRefused


class Incidents(Part):
    """Incidents in people's hands."""

    def take(self, person: Person, incident_id: int, event: str = "") -> None:
        """The person has it from now on."""
        with self._once(event) as tx:
            tx.incidents.assign(incident_id, person.key)
            tx.audit.append(person.key, "took", f"incident #{incident_id}")
            announce_incident(tx, incident_id)

    def resolve(self, person: Person, incident_id: int, event: str = "") -> bool:
        """A person says that it is over; False when it was over before."""
        with self._once(event) as tx:
            moved = resolve(tx, incident_id, person.key)
        self._wake("resolve", str(incident_id))
        return moved

    def stop_reading(self, person: Person, incident_id: int, event: str = "") -> str:
        """A person wants no more to be read; what was found is told. Anyone may: it changes no target."""
        with self._once(event) as tx:
            if not tx.investigations.stop(incident_id, person.key):
                return "The investigation is over or being stopped already."
            tx.audit.append(person.key, "stopped the investigation", f"incident #{incident_id}")
            announce_investigation(tx, incident_id)
        return ""

    def confirm_summary(
        self, person: Person, incident_id: int, text: str, cause: str, event: str = ""
    ) -> None:
        """A person confirms what was learned; only then it enters the knowledge base.

        Raises:
            WordingRefused: another text was confirmed before this one.
        """
        with self._once(event) as tx:
            if not tx.summaries.confirm(incident_id, text, cause, person.key):
                why = "This summary was confirmed before you: what stands in the incident's thread is kept"
                raise WordingRefused(
                    f"{why}, and your text was not taken. Copy what you need of it.", "summary"
                )
            tx.incidents.move(incident_id, IncidentState.CLOSED)
            detail = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "cause": cause}
            tx.audit.append(person.key, "confirmed the summary", f"incident #{incident_id}", detail)
            announce_summary(tx, incident_id)
            announce_incident(tx, incident_id)
        self._wake("learn", str(incident_id))
