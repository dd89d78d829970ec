"""Many things at once: what waits for a slow model holds up nobody else."""

from __future__ import annotations

from pathlib import Path

from bot.lifecycle import AT_ONCE
from tests.scripted_model import ScriptedModel, hang
from tests.world import CHANNEL, ON_CALL, world


async def test_an_answer_does_not_wait_behind_investigations(tmp_path: Path) -> None:
    """More incidents than there are slots wait for a model that hangs; a question is answered meanwhile."""
    async with ScriptedModel(lambda _asked: hang(50)) as model:
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk-test"}
        async with world(tmp_path, config="[model]\ndeadline_s = 50", environment=environment) as vigie:
            await vigie.until("the model", lambda: "the model is ready" in vigie.logged(), 50)
            await vigie.fire(*(vigie.alert(vigie.break_target()) for _ in range(AT_ONCE + 2)))
            await vigie.until("hanging calls", lambda: len(model.requests) >= AT_ONCE + 2)
            assert (await vigie.place.command(ON_CALL.id, CHANNEL, "/vigie ask why is the value high?")).ok
            answer = await vigie.until("the answer", lambda: _answers(vigie.posted()) or None)
            with vigie.store.read() as tx:
                assert all(tx.diagnoses.latest(i.id) is None for i in tx.incidents.open_now())
            assert len(answer) == 1
            await vigie.kill()  # what hangs is of no more interest


def _answers(keys: list[str]) -> list[str]:
    return [key for key in keys if key.startswith("answer:")]
