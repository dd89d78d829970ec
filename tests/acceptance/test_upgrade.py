"""A newer Vigie over a store with an incident open, a signature not used and messages not sent."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from bot.domain.proposal import ProposalState
from bot.sign_off.audit import first_broken
from bot.store.houses import KNOWLEDGE, STORE
from bot.store.restore import Backup
from tests.acceptance.vigie_command import vigie as command
from tests.world import N3_A, world

ROOT = Path(__file__).resolve().parents[2]
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", {head!r}


def upgrade() -> None:
    op.create_table("{name}_of_tomorrow", sa.Column("id", sa.Integer(), primary_key=True))
    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table({table!r}, recreate="always" if sqlite else "never") as batch:
        batch.add_column(sa.Column("of_tomorrow", sa.Text(), nullable=False, server_default=""))
"""


def of_tomorrow(folder: Path) -> Path:
    """Our code with one more migration for the store and for the knowledge base."""
    for name in ("bot", "knowledge", "prompts"):
        shutil.copytree(ROOT / name, folder / name)
    for house, table, place in (
        (STORE, "proposals", folder / "bot" / "store" / "migrations"),
        (KNOWLEDGE, "knowledge_documents", folder / "knowledge" / "migrations"),
    ):
        text = MIGRATION.format(head=house.head, name=house.name, table=table)
        (place / "versions" / "9999_of_tomorrow.py").write_text(text)
    listed = folder / "knowledge" / "migrations" / "__init__.py"
    named, count = re.subn(
        r"^REVISIONS = \((.*?),?\)$", r'REVISIONS = (\1, "9999")', listed.read_text(), flags=re.M
    )
    assert count == 1
    listed.write_text(named)
    return folder


def mode_of(file: str) -> int:
    return Path(file).stat().st_mode & 0o777


@pytest.mark.timeout(120)
async def test_an_upgrade_with_incidents_open_is_uneventful(tmp_path: Path) -> None:
    """`serve` refuses and names the remedy; `migrate` makes a backup; then all goes on."""
    newer = of_tomorrow(tmp_path / "newer")
    async with world(tmp_path) as vigie:
        service, proposal = await vigie.proposed()
        executor = vigie.executor_pid()
        os.kill(executor, signal.SIGSTOP)
        assert (await vigie.sign(N3_A, proposal)).ok
        vigie.place.faults.down(3600)
        young = vigie.break_target()
        assert await vigie.fire(vigie.alert(young)) == ["opened"]
        await vigie.kill()
        os.kill(executor, signal.SIGKILL)
        vigie.place.faults.clear()

        vigie.code = newer
        refused = await command(vigie, "serve")
        assert (refused.code, "vigie migrate" in refused.sentence) == (2, True)
        both = [("store", "9999"), ("knowledge", "9999")]
        dry = (await command(vigie, "migrate", "--dry-run", "--json")).only_json
        assert [(step["what"], step["to"]) for step in dry["steps"]] == both
        assert dry["backup"] is None
        assert (await command(vigie, "serve")).code == 2  # the dry run changed nothing
        done = (await command(vigie, "migrate", "--json")).only_json
        with Backup(Path(done["backup"])) as backup:
            backup.check()
            assert backup.manifest.houses["store"].revision == STORE.head
        assert mode_of(done["backup"]) == 0o600
        again = await command(vigie, "migrate")
        assert (again.code, "of this version already" in again.out) == (0, True)

        await vigie.start()
        assert (await vigie.over(proposal)).state is ProposalState.SUCCEEDED
        assert len(vigie.ledger(service)) == 1
        incident = vigie.open_incident(young)
        assert incident is not None
        await vigie.message(f"incident:{incident.id}:diagnosis", "broken-value")
        assert set(Counter(vigie.posted()).values()) == {1}
        with vigie.store.read() as tx:
            assert first_broken(tx.audit.events()) is None
        (event,) = vigie.audited("migrated")
        assert event.detail == {"from": STORE.head, "to": "9999"}
        assert await vigie.stop() == 0

        vigie.code = None
        older = await command(vigie, "serve")
        assert (older.code, "newer Vigie" in older.sentence) == (2, True)


async def test_a_running_serve_is_not_migrated_under_its_feet(tmp_path: Path) -> None:
    """Beside a `serve`, `migrate` and `restore` are refused, and a backup is made all the same."""
    newer = of_tomorrow(tmp_path / "newer")
    async with world(tmp_path) as vigie:
        file = str(tmp_path / "b.backup")
        made = await command(vigie, "backup", file)
        assert made.code == 0 and "Not in it: tokens, secrets.env" in made.out
        restored = await command(vigie, "restore", file)
        vigie.code = newer
        migrated = await command(vigie, "migrate")
        for ran in (restored, migrated):
            assert ran.code == 2
            assert "Another `vigie serve`" in ran.sentence
        vigie.code = None
        assert await vigie.fire(vigie.alert(vigie.break_target())) == ["opened"]
