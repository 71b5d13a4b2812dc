"""A login that went well stays for a moment: a form that is sent twice gets the same answer."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-22T07:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "logins: done"

STAGES = """
ALTER TABLE oauth_flow DROP CONSTRAINT oauth_flow_stage;
ALTER TABLE oauth_flow ADD CONSTRAINT oauth_flow_stage CHECK (stage IN ('consent', 'login', 'done'));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(STAGES)

    manager.add_raw(run)
    return manager
