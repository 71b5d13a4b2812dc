"""Where a platform's API is, and the key to it: all that a script on another machine is told."""

import re
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.addresses import is_loopback
from app.core.settings import Settings, SettingsError

API_PATH: Final = "/graphql"
_KEY = re.compile(r"[!-~]{1,500}")


class ApiSettings(BaseSettings):
    """What the commands that speak to the API were told; no setting of a server is needed."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    given_url: str | None = Field(None, validation_alias="MCPLATFORM_API_URL")
    base_url: str = Field(
        Settings.model_fields["base_url"].default, validation_alias="MCPLATFORM_BASE_URL"
    )
    key: SecretStr | None = Field(None, validation_alias="MCPLATFORM_API_KEY")

    @property
    def address(self) -> str:
        """Where operations are posted to; an address without a path gets the API's own."""
        url = (self.given_url or self.base_url).rstrip("/")
        return url if urlsplit(url).path else url + API_PATH

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        has_form = parts.scheme in {"http", "https"} and bool(host) and parts.username is None
        has_more = parts.query or parts.fragment or parts.port == 0  # reading the port checks it
        if not has_form or has_more or not self.address.isprintable():
            message = "The API's address must be one such as https://mcp.example.com."
            raise ValueError(message)
        if parts.scheme == "http" and not is_loopback(host):
            message = "The API's address must begin with https://: others could read your key."
            raise ValueError(message)
        return self

    @field_validator("key")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _KEY.fullmatch(value.get_secret_value()):
            message = "The API key must be the one line that `mcplatform token create` printed."
            raise ValueError(message)
        return value


def read_api_settings(*, url: str | None = None, key: str | None = None) -> ApiSettings:
    """The settings of the environment and `.env`, where the arguments do not say otherwise.

    Raises:
        SettingsError: Something is wrong; the message says what, and where it is set.
    """
    options = {"given_url": url, "key": key}
    overrides = {name: given for name, given in options.items() if given is not None}
    try:
        return ApiSettings(**overrides)  # type: ignore[arg-type]  # pydantic judges them
    except ValidationError as error:
        lines = [fault["msg"].removeprefix("Value error, ") for fault in error.errors()]
    except ValueError:
        lines = ["The file .env cannot be read."]
    lines.append("Set MCPLATFORM_API_URL (or --url) and MCPLATFORM_API_KEY (or --key-file).")
    raise SettingsError("\n".join(lines)) from None
