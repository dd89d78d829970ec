"""Dismissals: many of them suggest a mute to N3, and never do more. Only a signature makes one."""

from __future__ import annotations

from datetime import timedelta

from bot.copilot.mute_notes import put_in_force
from bot.copilot.part import Part, refusal, resolve
from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.mute import Matcher, MuteDraft, MuteOrigin, Suggestion
from bot.domain.person import Person
from bot.domain.store import Tx
from bot.errors import MuteRefused, Refused
from bot.membership import note_membership
from bot.sign_off.quorum import Judgement, may_speak_for_n3
from bot.triage import muting

COUNTED = timedelta(days=14)
ENOUGH = 5
LEARNED_LASTS = timedelta(days=7)


class Suggestions(Part):
    """What was dismissed again and again, as a question to N3."""

    def dismiss(self, person: Person, incident_id: int, event: str = "") -> str:
        """Resolve an incident as noise; what to say to the person.

        Raises:
            Refused: there is no such incident, or it is over.
        """
        with self._once(event) as tx:
            incident = tx.incidents.get(incident_id)
            if incident is None or not incident.state.is_open:
                raise Refused(f"#{incident_id} is not open.")
            resolve(tx, incident_id, person.key)
            tx.audit.append(person.key, "dismissed as noise", f"incident #{incident_id}")
            if incident.severity is Severity.CRITICAL:
                said = f"#{incident_id} is resolved. It is critical, so this teaches nothing."
            else:
                self._note(tx, person, incident)
                said = (
                    f"#{incident_id} is resolved as noise. If that happens often, N3 is asked about a mute."
                )
        self._wake("resolve", str(incident_id))
        return said

    def sign(self, person: Person, suggestion_id: int, event: str = "") -> Judgement:
        """Somebody of N3 makes a suggestion a mute of a week, critical alerts excepted."""
        current = self._membership.n3()
        with self._once(event) as tx:
            judged = self._judge(tx, person, current, suggestion_id, "sign a suggested mute")
            if not judged.allowed:
                return judged
            found = _waiting(tx, suggestion_id)
            reason = f"Suggested after {found.dismissals} dismissals."
            draft = MuteDraft(
                f"suggestion:{found.id}",
                MuteOrigin.LEARNED,
                found.matchers,
                False,
                reason,
                person.key,
                tx.now,
                tx.now + LEARNED_LASTS,
            )
            made, _ = tx.mutes.draft(draft, confirmed=True)
            tx.mutes.decide(found.id, person.key, made.id)
            put_in_force(tx, made.id, person.key)
        return Judgement(
            True, f"{made.label} is in force for {LEARNED_LASTS.days} days; then it ends by itself."
        )

    def decline(self, person: Person, suggestion_id: int, event: str = "") -> Judgement:
        """Somebody of N3 says no; the same is not suggested again for two weeks."""
        current = self._membership.n3()
        with self._once(event) as tx:
            judged = self._judge(tx, person, current, suggestion_id, "decline a suggested mute")
            if not judged.allowed:
                return judged
            tx.mutes.decide(_waiting(tx, suggestion_id).id, person.key, None)
            tx.audit.append(person.key, "declined a suggested mute", f"suggestion {suggestion_id}")
        return Judgement(True, f"Declined. It is not suggested again for {COUNTED.days} days.")

    def _judge(
        self, tx: Tx, person: Person, current: frozenset[Person], suggestion_id: int, what: str
    ) -> Judgement:
        policy = self._in_force.policy(tx)
        n3 = note_membership(tx, current, policy)
        judged = may_speak_for_n3(person, n3, policy, tx.now)
        if not judged.allowed:
            return refusal(tx, person, what, f"suggestion {suggestion_id}", judged.reason)
        found = tx.mutes.suggestion(suggestion_id)
        if found is None or found.decided_at is not None:
            return Judgement(False, "Somebody of N3 has decided that already.")
        return judged

    def _note(self, tx: Tx, person: Person, incident: Incident) -> None:
        """Count it, and suggest a mute once there are enough; a suggestion is a row that mutes nothing."""
        first = tx.deliveries.series_of(incident.id, 1)
        if not first:
            return
        alert = first[0].alert()
        names = (alert.name, alert.service, alert.environment)
        if not tx.corrections.dismiss(incident.id, names, person.key):
            return
        dismissals, people = tx.corrections.dismissed(tx.now - COUNTED, names)
        fields = zip(("name", "service", "environment"), names, strict=True)
        matchers = tuple(Matcher(field, value) for field, value in fields if value)
        if dismissals >= ENOUGH and _may_be_muted(matchers):
            _suggest(tx, matchers, dismissals, people)


def _may_be_muted(matchers: tuple[Matcher, ...]) -> bool:
    try:
        muting.check_matchers(matchers, ())
    except MuteRefused:
        return False
    return True


def _suggest(tx: Tx, matchers: tuple[Matcher, ...], dismissals: int, people: int) -> None:
    same = [one for one in tx.mutes.suggestions(tx.now - COUNTED) if one.matchers == matchers]
    waiting = [one for one in same if one.decided_at is None]
    if waiting:
        tx.mutes.count_again(waiting[0].id, dismissals, people)
    elif not same:
        made = tx.mutes.suggest(matchers, dismissals, people)
        detail = {"matchers": [matcher.shown for matcher in matchers], "dismissals": dismissals}
        tx.audit.append("vigie", "suggested a mute", f"suggestion {made.id}", detail)


def _waiting(tx: Tx, suggestion_id: int) -> Suggestion:
    found = tx.mutes.suggestion(suggestion_id)
    assert found is not None
    return found
