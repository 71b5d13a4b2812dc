"""What the database's own errors mean to whoever asked."""

from typing import Final, NoReturn

import asyncpg

from app.core.errors import Invalid, Unavailable

DOWN: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a query on a link that broke during the query before
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
# Fields that are kept say so themselves; this is for ids and the like, which are looked up.
UNSENDABLE: Final = (asyncpg.CharacterNotInRepertoireError, UnicodeEncodeError)


def explain(error: BaseException) -> NoReturn:
    """Raise what the error means: Invalid for text that no database takes, else Unavailable."""
    if isinstance(error, UNSENDABLE):
        message = "The request has a character that cannot be kept, such as NUL."
        raise Invalid(message, code="invalid_character") from error
    raise Unavailable("The database does not answer just now. Try again in a moment.") from error
