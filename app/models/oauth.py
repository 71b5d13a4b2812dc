"""End users' logins: who may ask for them, those under way, and what came of them."""

from piccolo.columns import JSONB, Array, Integer
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from app.core.enums import AuthType, ClientAuthMethod, FlowStage, OAuthTokenKind
from app.models.columns import Text, id_column, moment, one_of, optional_text, reference


class OAuthConfig(Table, tablename="oauth_config"):
    """A customer's own OpenID provider, for the one server that logs in with it."""

    id = id_column("coac")
    organization_id = reference()
    server_id = reference()
    issuer = Text()
    client_id = Text()
    client_secret = Text(default=None, null=True, secret=True)
    client_secret_set_at = moment(null=True)
    scopes = Array(Text(), default=[])
    created_at = moment()
    updated_at = moment()

    oauth_config_once = Unique(["server_id", "organization_id"])


class OAuthClient(Table, tablename="oauth_client"):
    """An MCP client at one server; `url` is that of its metadata document, if it has one."""

    id = id_column("oacl")
    organization_id = reference()
    server_id = reference()
    url = optional_text()
    name = Text()
    redirect_uris = Array(Text(), default=[])
    grant_types = Array(Text(), default=[])
    auth_method = Text(default=ClientAuthMethod.NONE.value)
    secret_hash = Text(default=None, null=True, secret=True)
    metadata = JSONB(default="{}")
    fresh_until = moment(null=True)
    created_at = moment()
    updated_at = moment()
    last_used_at = moment(null=True)

    oauth_client_document = Unique(["server_id", "url"])
    oauth_client_auth_method = Check(one_of("auth_method", ClientAuthMethod))


class OAuthFlow(Table, tablename="oauth_flow"):
    """A login under way in one browser.

    One that ended with a code or a no stays for half a minute; any other end removes it.
    """

    id = id_column("oafl")
    organization_id = reference()
    server_id = reference()
    client_id = reference()
    redirect_uri = Text()
    state = optional_text()
    scopes = Array(Text(), default=[])
    resource = optional_text()
    code_challenge = Text()
    cookie_hash = Text(secret=True)
    stage = Text(default=FlowStage.CONSENT.value)
    email = optional_text()
    email_code_hash = Text(default=None, null=True, secret=True)
    email_codes_sent = Integer(default=0)
    wrong_codes = Integer(default=0)
    upstream_round = Integer(default=0)
    created_at = moment()
    expires_at = moment()

    oauth_flow_stage = Check(one_of("stage", FlowStage))


class OAuthGrant(Table, tablename="oauth_grant"):
    """What a person allowed a client: the family of every code and token that comes of it."""

    id = id_column("oagr")
    organization_id = reference()
    server_id = reference()
    client_id = reference()
    end_user_id = reference()
    auth_type = Text()
    scopes = Array(Text(), default=[])
    resource = optional_text()
    created_at = moment()
    ends_at = moment()
    revoked_at = moment(null=True)

    oauth_grant_auth_type = Check(one_of("auth_type", AuthType))


class OAuthCode(Table, tablename="oauth_code"):
    """An authorization code. A used one is kept for a while, to notice its replay."""

    id = id_column("oaco")
    organization_id = reference()
    server_id = reference()
    grant_id = reference()
    code_hash = Text(unique=True, secret=True)
    redirect_uri = Text()
    code_challenge = Text()
    created_at = moment()
    expires_at = moment()
    used_at = moment(null=True)


class OAuthToken(Table, tablename="oauth_token"):
    """An access or refresh token. A used refresh token is kept, to notice its reuse."""

    id = id_column("oato")
    organization_id = reference()
    server_id = reference()
    grant_id = reference()
    kind = Text()
    token_hash = Text(unique=True, secret=True)
    scopes = Array(Text(), default=[])
    created_at = moment()
    expires_at = moment()
    used_at = moment(null=True)

    oauth_token_kind = Check(one_of("kind", OAuthTokenKind))


class LoginAccount(Table, tablename="login_account"):
    """An end user's own verified address, on whichever servers; it is no member's account."""

    id = id_column("lacc")
    email = Text(unique=True)
    created_at = moment()
    last_login_at = moment()

    login_account_email_form = Check(
        "email = lower(email) AND char_length(email) BETWEEN 3 AND 254"
    )
