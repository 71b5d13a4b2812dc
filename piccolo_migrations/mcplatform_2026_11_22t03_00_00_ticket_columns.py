from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from app.models.columns import Text
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check

ID = "2026-11-22T03:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the authors of activities, the order and the search of tickets"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    manager.add_column(
        table_class_name="Ticket",
        tablename="ticket",
        column_name="urgency",
        db_column_name="urgency",
        column_class_name="Text",
        column_class=Text,
        params={
            "default": "",
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_column(
        table_class_name="Ticket",
        tablename="ticket",
        column_name="search_text",
        db_column_name="search_text",
        column_class_name="Text",
        column_class=Text,
        params={
            "default": "",
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_column(
        table_class_name="Activity",
        tablename="activity",
        column_name="author_kind",
        db_column_name="author_kind",
        column_class_name="Text",
        column_class=Text,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_column(
        table_class_name="Activity",
        tablename="activity",
        column_name="author_name",
        db_column_name="author_name",
        column_class_name="Text",
        column_class=Text,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Activity",
        tablename="activity",
        constraint_name="activity_author_kind",
        constraint_class=Check,
        params={"condition": "author_kind IN ('user', 'api_key', 'operator')"},
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Activity",
        tablename="activity",
        constraint_name="activity_author_whole",
        constraint_class=Check,
        params={"condition": "num_nulls(author_kind, author_id, author_name) IN (0, 3)"},
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Activity",
        tablename="activity",
        constraint_name="activity_body_length",
        constraint_class=Check,
        params={"condition": "char_length(body) BETWEEN 1 AND 10000"},
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Activity",
        tablename="activity",
        constraint_name="activity_withdrawn",
        constraint_class=Check,
        params={"condition": "withdrawn_at IS NULL OR body IS NULL"},
        schema=None,
    )

    return manager
