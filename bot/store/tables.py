"""The tables, written so that SQLite and PostgreSQL take them alike. Times are UTC texts in ISO form."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.engine import Dialect


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, stored as text of fixed width so that it sorts the same everywhere."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("opened_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("assignee", Text, nullable=False, default=""),
    Column("resolved_by", Text, nullable=False, default=""),
    Column("previous", Integer),
    Column("alerts_received", Integer, nullable=False, default=0),
    Column("rounds", Integer, nullable=False, default=0),
    Column("held", Boolean, nullable=False, server_default=false()),  # nobody was told of it
    Column("opened_by", Text, nullable=False, server_default=""),
    Column("overruled", Integer),  # a severity, since a person said how grave it is
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("received_at", Moment, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("incident_id", Integer, ForeignKey("incidents.id"), index=True),
    Column("decision", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("told_at", Moment),  # when people were told because of this delivery
    Column("held_until", Moment),
    Column("mute_id", Integer),
)

series = Table(
    "series",
    metadata,
    Column("fingerprint", String(32), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("incident_id", Integer, ForeignKey("incidents.id"), index=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default=""),
    Column("began_at", Moment),
    Column("ended_at", Moment),
    Column("starts_at", Moment),  # what the sender calls its beginning
    Column("fires", JSON),  # when it began lately, in ISO form, the newest last
)

evidence = Table(
    "evidence",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("id", String(16), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("facts", JSON, nullable=False),
)

diagnoses = Table(
    "diagnoses",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", JSON, nullable=False),
)

check_runs = Table(
    "check_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("tool", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("arguments_digest", String(64), nullable=False, server_default=""),
    Column("requested_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("result", JSON),
    UniqueConstraint("incident_id", "round", "tool", "arguments_digest"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("tool", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("proposer", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("risk", String(16), nullable=False),
    Column("signatures_needed", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sign_by", Moment, nullable=False),
    Column("execute_by", Moment),
    Column("plan", JSON),
    Column("digest", String(64), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("undo_of", Integer, ForeignKey("proposals.id")),
    Column("before", Text, nullable=False, default=""),
    Column("before_verdict", String(16), nullable=False, default=""),
    Column("after", Text, nullable=False, default=""),
    Column("outcome", String(16)),
    Column("verify_at", Moment),
    Column("worse", Boolean, nullable=False, default=False),
    Column("replaced_by", Integer),
    Column("standing", Integer, index=True),
)

sign_offs = Table(
    "sign_offs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("proposal_id", Integer, ForeignKey("proposals.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("alone", Boolean, nullable=False, default=False, server_default=false()),
    UniqueConstraint("proposal_id", "person", "signed"),
)

standing_sign_offs = Table(
    "standing_sign_offs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tool", Text, nullable=False),
    Column("trigger", JSON, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("uses_per_hour", Integer, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("given_by", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("services", JSON, nullable=False, default=list),
    Column("environments", JSON, nullable=False, default=list),
    Column("uses", Integer, nullable=False, default=0),
    Column("risk", String(16), nullable=False, default="low"),
    Column("proposer", Text, nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("created_at", Moment),
    Column("sign_by", Moment),
    Column("round", Integer, nullable=False, default=1),
    Column("active_at", Moment),
    Column("reason", Text, nullable=False, default=""),
    Column("plan", JSON),
    Column("basis", String(64), nullable=False, default=""),
    Column("from_proposal", Integer, nullable=False, default=0),
)

executions = Table(
    "executions",
    metadata,
    Column("proposal_id", Integer, ForeignKey("proposals.id"), primary_key=True),
    Column("standing_sign_off_id", Integer, ForeignKey("standing_sign_offs.id")),
    Column("fence", String(64), nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("exit_code", Integer),
    Column("output", Text, nullable=False, default=""),
    Column("problem", Text, nullable=False, default=""),
    Column("before_value", JSON),
    Column("stop_by", Text, nullable=False, default=""),
    Column("stop_at", Moment),
)

freezes = Table(
    "freezes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("lifted_at", Moment),
    Column("lifted_by", Text, nullable=False, default=""),
)

n3_members = Table(
    "n3_members",
    metadata,
    Column("person", Text, primary_key=True),
    Column("since", Moment),
    Column("left_at", Moment),
)

adopted = Table(
    "adopted",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("what", String(16), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", JSON, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("cause", Text, nullable=False, default=""),
    Column("drafted_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("confirmed_by", Text, nullable=False, default=""),
    Column("document_id", Text, nullable=False, default=""),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("subject", Integer, nullable=False, default=0),
    Column("thread_of", Text, nullable=False, default=""),
    Column("content", JSON),
    Column("wanted", Integer, nullable=False, default=1),
    Column("sent", Integer, nullable=False, default=0),
    Column("ts", String(32), nullable=False, default=""),
    Column("channel_id", String(32), nullable=False, default=""),
    Column("in_doubt", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Moment),
    Column("problem", Text, nullable=False, default=""),
    Column("wanted_at", Moment, nullable=False),
    Index("ix_posts_unsent", "sent", "wanted"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("done_at", Moment),  # of what is no work, when it came
    Index("ix_inbox_kind_done_at", "kind", "done_at"),
)

setbacks = Table(
    "setbacks",
    metadata,
    Column("work", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("problem", Text, nullable=False),
    Column("attempt", Text, nullable=False, server_default=""),  # the name of the next one
)

second_way = Table(
    "second_way",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False),
    Column("news", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("way", String(16), nullable=False),
    Column("because", Text, nullable=False, default=""),
    Column("wanted_at", Moment, nullable=False),
    Column("sent_at", Moment, index=True),
    Column("over", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Moment),
    Column("problem", Text, nullable=False, default=""),
    UniqueConstraint("incident_id", "news", "severity", "way"),
)

heartbeat_out = Table(
    "heartbeat_out",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("tried_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("problem", Text, nullable=False, default=""),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Float, nullable=False),
)

high_water = Table(
    "high_water",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
)
