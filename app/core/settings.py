"""Everything that an operator decides, read once; the one reader of the environment."""

import re
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.addresses import is_loopback

Network = IPv4Network | IPv6Network

SAMPLE_SLUG = "sample-tool"
DEVELOPMENT_ALIASES = ("localhost", "127.0.0.1", "[::1]")
DEVELOPMENT_KEY = "a development key that production refuses"
SECRET_KEY_MIN_CHARACTERS = 32
_PREFIX = "MCPLATFORM_"
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_ORIGIN = re.compile(rf"(https?://(?:{_HOST.pattern})(?::[0-9]{{1,5}})?)/?")
_HOST_AND_PORT = re.compile(r"(?:[^:\[\]]*|\[[^\[\]]*\])(?::([0-9]{0,5}))?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{4,34}[a-z0-9]")
_SCHEMES = {
    "database_url": ("postgresql://", "postgres://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
    "smtp_url": ("smtp://", "smtps://"),
}


class SettingsError(Exception):
    """The environment does not make a working configuration; the message has a line per fault."""


class Settings(BaseSettings):
    """What the process was told.

    Every field's variable is its name in capitals after MCPLATFORM_, but for DATABASE_URL and
    REDIS_URL. Its description completes "Set it to …".
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    # The fields that others are judged by come first.
    base_url: str = Field(
        "http://localhost:8000",
        description="the public address without a path, such as https://mcp.example.com",
    )
    workers: int = Field(1, ge=1, le=64, description="the number of processes that serve")
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="a DSN such as postgresql://user:password@host/database",
    )
    redis_url: SecretStr | None = Field(
        None, validation_alias="REDIS_URL", description="a URL such as redis://host:6379/0"
    )
    secret_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_KEY),
        description=f"at least {SECRET_KEY_MIN_CHARACTERS} random characters, and keep them secret",
    )
    secret_key_old: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="the secret keys of before, separated by commas, while they must still read",
    )
    host_aliases: Annotated[dict[str, str], NoDecode] = Field(
        {}, description="host=slug pairs, separated by commas, such as mcp.acme.com=acme-tools"
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="the addresses or networks of your own proxies, separated by commas"
    )
    pool_size: int = Field(
        10, ge=2, le=1000, description="the number of database connections of each process"
    )
    acquire_timeout_seconds: float = Field(
        5, gt=0, le=60, description="how long a call waits for a database connection"
    )
    statement_timeout_seconds: float = Field(
        10, gt=0, le=600, description="how long one statement may run"
    )
    statement_cache_size: int = Field(
        256, ge=0, le=10_000, description="how many prepared statements a connection keeps"
    )
    data_folder: Path = Field(
        Path(".mcplatform"), description="the folder of the embedded database"
    )
    pg_bin: Path | None = Field(None, description="a folder with initdb, pg_ctl and postgres")
    calls_per_minute: int = Field(
        100, ge=1, le=1_000_000, description="tool calls a minute for each server and end user"
    )
    address_calls_per_minute: int = Field(
        1200, ge=1, le=1_000_000, description="MCP requests a minute for each client address"
    )
    smtp_url: SecretStr | None = Field(
        None, description="a URL such as smtp://user:password@host:587 or smtps://host:465"
    )
    mail_from: str = Field(
        "mcplatform <no-reply@localhost>", description="the sender of mails, perhaps with a name"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="json, console, or auto (console on a terminal)"
    )
    log_bodies: bool = Field(
        default=False, description="true to log redacted bodies at debug, else false"
    )
    graphql_introspection: bool = Field(
        default=True, description="true to let GraphQL clients read the schema, else false"
    )
    graphiql: bool | None = Field(
        None,
        description="true to serve GraphiQL at /graphql to browsers, false not to serve it",
    )
    metrics_folder: Path | None = Field(
        None,
        validation_alias="PROMETHEUS_MULTIPROC_DIR",
        description="a folder that several workers share; `serve` sets it",
    )

    @property
    def base_host(self) -> str:
        """The base URL's host name in lower case, without a port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_production(self) -> bool:
        """Whether the base URL leads anywhere but to this machine."""
        return not is_loopback(self.base_host)

    @property
    def serves_graphiql(self) -> bool:
        """Whether browsers get GraphiQL; unless it is set, only on this machine."""
        return not self.is_production if self.graphiql is None else self.graphiql

    @field_validator("database_url", "redis_url", "smtp_url", mode="before")
    @classmethod
    def _has_scheme(cls, value: object, info: ValidationInfo) -> object:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        schemes = _SCHEMES[info.field_name or ""]
        if text is not None and not str(text).lower().startswith(schemes):
            message = f"must start with {' or '.join(schemes)}"
            raise ValueError(message)
        if text is not None and not _names_hosts(str(text)):
            message = "cannot be read: write / ? # and @ in a password as %2F %3F %23 and %40"
            raise ValueError(message)
        return value

    @field_validator("base_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        match = _ORIGIN.fullmatch(value.lower())
        if match is None:
            message = "must be scheme, host and perhaps a port, and nothing else"
            raise ValueError(message)
        parts = urlsplit(match[1])
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            message = "must begin with https:// unless it leads to this machine"
            raise ValueError(message)
        return match[1]

    @field_validator("database_url")
    @classmethod
    def _is_there_in_production(cls, value: SecretStr | None, info: ValidationInfo) -> object:
        if value is None and _is_production(info):
            message = "is required, because the base URL is not this machine's"
            raise ValueError(message)
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_there_for_workers(cls, value: SecretStr | None, info: ValidationInfo) -> object:
        if value is None and info.data.get("workers", 1) > 1:
            message = "is required with more than one worker, who count rate limits in it together"
            raise ValueError(message)
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if _is_production(info) and value.get_secret_value() == DEVELOPMENT_KEY:
            message = "is required, because the base URL is not this machine's"
            raise ValueError(message)
        if len(value.get_secret_value()) < SECRET_KEY_MIN_CHARACTERS:
            message = "is too short"
            raise ValueError(message)
        return value

    @field_validator("secret_key_old", mode="before")
    @classmethod
    def _are_keys(cls, value: object) -> object:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            return value
        keys = [part.strip() for part in text.split(",") if part.strip()]
        if any(len(key) < SECRET_KEY_MIN_CHARACTERS for key in keys):
            message = "has an entry that is too short"
            raise ValueError(message)
        return tuple(SecretStr(key) for key in keys)

    @field_validator("host_aliases", mode="before")
    @classmethod
    def _are_pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [entry.partition("=") for entry in value.split(",") if entry.strip()]
        return {host.strip().lower(): slug.strip().lower() for host, _, slug in pairs}

    @field_validator("host_aliases")
    @classmethod
    def _lead_to_servers(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        for host, slug in value.items():
            if not _HOST.fullmatch(host) or not _SLUG.fullmatch(slug):
                message = f"has an entry that is no host=slug pair: {host}={slug}"
                raise ValueError(message)
            if _is_production(info) and is_loopback(host.strip("[]")):
                message = f"names {host}, which leads to this machine; production refuses that"
                raise ValueError(message)
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1] or not value.isprintable():
            message = "has no address"
            raise ValueError(message)
        return value

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


def read_settings(**overrides: object) -> Settings:
    """The settings of the environment and `.env`, where `overrides` do not say otherwise.

    Raises:
        SettingsError: Something is wrong; the message names every variable at fault.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic judges them
    except ValidationError as error:
        lines = [_explained(str(fault["loc"][0]), fault["msg"]) for fault in error.errors()]
        raise SettingsError("\n".join(dict.fromkeys(lines))) from None


def variable(field: str) -> str:
    """The environment variable that sets a field."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else _PREFIX + field.upper()


def _explained(location: str, message: str) -> str:
    field = next(name for name in Settings.model_fields if location in {name, variable(name)})
    fault = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{variable(field)} {fault}. Set it to {Settings.model_fields[field].description}."


def _names_hosts(url: str) -> bool:
    """Where the password ends too early, the rest reads like a port."""
    parts = urlsplit(url)
    found = [_HOST_AND_PORT.fullmatch(one) for one in parts.netloc.rpartition("@")[2].split(",")]
    return "@" not in parts.path and all(one and int(one[1] or 0) < 65_536 for one in found)


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        message = f"has an entry that is no address and no network: {text}"
        raise ValueError(message) from None


def _is_production(info: ValidationInfo) -> bool:
    base_url = info.data.get("base_url")
    return base_url is not None and not is_loopback(urlsplit(base_url).hostname or "")
