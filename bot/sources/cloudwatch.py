"""CloudWatch alarms as Amazon SNS delivers them; that the message is SNS's own is checked before this."""

from __future__ import annotations

import json
from datetime import datetime

from bot.domain.alert import Alert, AlertStatus
from bot.errors import BadInput
from bot.sources.fields import Fields, started
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alert of one notification; none for what is about the subscription.

    Raises:
        BadInput: names the field that is missing or of the wrong type.
    """
    envelope = Fields(payload, "", set())
    if envelope.needed("Type", "expected a message of Amazon SNS") != "Notification":
        return Parsed([])
    return Parsed([_alarm(_message(envelope), envelope, received_at, options)])


def _message(envelope: Fields) -> Fields:
    raw = envelope.raw.get("Message")
    try:
        return Fields(json.loads(raw) if isinstance(raw, str) else raw, "Message", envelope.flags)
    except (ValueError, RecursionError):
        raise BadInput(
            "Message: expected a CloudWatch alarm as JSON; raw delivery is not supported."
        ) from None


def _alarm(message: Fields, envelope: Fields, received_at: datetime, options: Options) -> Alert:
    name = message.needed("AlarmName", "expected the alarm of a CloudWatch alarm's action")
    state = message.word("NewStateValue", "alarm", "ok", "insufficient_data")
    trigger = message.inner("Trigger")
    dimensions = {
        pair.text("name"): pair.text("value")
        for index, raw in enumerate(trigger.items("Dimensions"))
        for pair in [Fields(raw, trigger.place(f"Dimensions[{index}]"), message.flags)]
    }
    account, region = message.text("AWSAccountId"), message.text("Region")
    at = message.time("StateChangeTime")
    if state == "insufficient_data":
        message.flags.add("the alarm has no data")
    named = {"metric": trigger.text("MetricName"), "namespace": trigger.text("Namespace")}
    origin = {"arn": message.text("AlarmArn"), "topic": envelope.text("TopicArn")}
    return Alert(
        source="cloudwatch",
        name=name,
        status=AlertStatus.RESOLVED if state == "ok" else AlertStatus.FIRING,
        # CloudWatch has no severity: what is set for the source counts.
        severity=options.severity(""),
        service=dimensions.get("ServiceName") or dimensions.get("service") or named["namespace"],
        environment="",
        starts_at=started(at, received_at, message.flags),
        ends_at=at if state == "ok" else None,
        summary=message.text("AlarmDescription") or name,
        description=message.text("NewStateReason"),
        labels={k: v for k, v in {"account": account, "region": region, **dimensions}.items() if v},
        annotations={k: v for k, v in named.items() if v},
        flags=tuple(sorted(message.flags)),
        origin={k: v for k, v in origin.items() if v},
        identity=origin["arn"] or f"{account}\n{region}\n{name}",
    )
