"""How many tokens a login was given of late is read from an index, however many it has."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-12-01T12:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "logins: pace of refreshes"

INDEXES = """
CREATE INDEX oauth_token_by_grant_and_time ON oauth_token (grant_id, created_at);
DROP INDEX oauth_token_by_grant;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(INDEXES)

    manager.add_raw(run)
    return manager
