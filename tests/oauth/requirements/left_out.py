"""MUSTs without a row, and why: so that whoever reads the specifications next misses none."""

from typing import Final, NamedTuple


class LeftOut(NamedTuple):
    """The document and section, what it asks, and why no test holds us to it."""

    source: str
    must: str
    why: str


_CLIENTS: Final = "asked of MCP clients"
_ELSEWHERE: Final = "says no more than that the rows of the documents it names hold"

NOT_APPLICABLE: Final = (
    LeftOut("MCP authorization, protocol requirements", "other transports are secure", "HTTP only"),
    LeftOut("MCP authorization, overview", "metadata of resource and server are used", _CLIENTS),
    LeftOut("MCP authorization, server location", "a 401's challenge is understood", _CLIENTS),
    LeftOut(
        "MCP authorization (2026-07-28), server location",
        "credentials are kept apart for each authorization server",
        _CLIENTS,
    ),
    LeftOut(
        "MCP authorization, metadata discovery",
        "well-known addresses are tried in order, and issuers compared",
        _CLIENTS,
    ),
    LeftOut("MCP authorization, scopes", "the challenge's scopes are what counts", _CLIENTS),
    LeftOut(
        "MCP authorization (2025-06-18), registration",
        "without dynamic registration there is another way to a client_id",
        "there is dynamic registration",
    ),
    LeftOut(
        "MCP authorization, registration",
        "a client_id is obtained, its document hosted, application_type named, credentials bound",
        _CLIENTS,
    ),
    LeftOut(
        "MCP authorization (2026-07-28), response validation",
        "the issuer is recorded and compared with iss, and a mixed-up error not shown",
        _CLIENTS,
    ),
    LeftOut("MCP authorization, resource parameter", "resource is sent, as its URI", _CLIENTS),
    LeftOut("MCP authorization, token requirements", "tokens go in the header alone", _CLIENTS),
    LeftOut("MCP authorization, token handling", "no other server's token is sent", _CLIENTS),
    LeftOut("MCP authorization (2026-07-28), refresh tokens", "they are kept secret", _CLIENTS),
    LeftOut(
        "MCP authorization (2026-07-28), step-up",
        "a broader scope counts for the narrower ones that it implies",
        "no scope of ours implies another",
    ),
    LeftOut("MCP authorization, code protection", "PKCE is used, and S256", _CLIENTS),
    LeftOut("MCP authorization, open redirection", "redirect URIs are registered", _CLIENTS),
    LeftOut("MCP authorization, security considerations", "OAuth 2.1 §1.5, §5.2, §7", _ELSEWHERE),
    LeftOut(
        "MCP authorization, document security",
        "the security considerations of client-id metadata documents are considered",
        _ELSEWHERE,
    ),
    LeftOut(
        "MCP security, confused deputy, per-client consent",
        "a registry of the clients that a person has approved is kept and looked at",
        "no approval outlives its login: each is asked about",
    ),
    LeftOut("MCP security (2026-07-28), request forgery", "by metadata of MCP servers", _CLIENTS),
    LeftOut("MCP security, local servers", "people agree to what is run", _CLIENTS),
    LeftOut("RFC 9728 §1.1, §2.2, §3.3", "signed metadata are signed and checked", "ours are not"),
    LeftOut("RFC 9728 §2", "jwks_uri is https, none is no signing algorithm", "nothing is signed"),
    LeftOut("RFC 9728 §2.1", "no language is assumed of untagged text", "asked of readers"),
    LeftOut("RFC 9728 §3", "another well-known suffix is registered and told", "the default one"),
    LeftOut("RFC 9728 §3.1", "a slash behind the host is removed before inserting", _CLIENTS),
    LeftOut("RFC 9728 §3.2", "members that are not known are passed over", "asked of readers"),
    LeftOut("RFC 9728 §3.3, §7.3", "what names another resource is not used", "asked of readers"),
    LeftOut("RFC 9728 §7.1, §7.3", "TLS as BCP 195 has it", "the operator's proxy ends TLS"),
    LeftOut("RFC 9700 §2.1, §4.4.2", "MCP clients prevent CSRF and mix-up too", _CLIENTS),
    LeftOut("RFC 9700 §2.6, §4.17", "messages between windows are verified", "none are sent"),
    LeftOut("RFC 9700 §4.1.3", "sites of redirect URIs are no open redirectors", _CLIENTS),
    LeftOut(
        "RFC 9700 §4.7.1",
        "PKCE is relied on against CSRF only where the provider is known to support it",
        "state and nonce are what is relied on",
    ),
    LeftOut(
        "RFC 9700 §4.13",
        "the proxy sanitizes headers, and its connection to the server is protected",
        "the operator's (docs/operations.md); what others claim to have forwarded is a row",
    ),
    LeftOut(
        "RFC 9700 §4.14.2",
        "a refresh token that has its grant written in it is protected from changes",
        "nothing is written in it: it is looked up by its digest",
    ),
    LeftOut(
        "RFC 9700 §4.15.1",
        "tokens of persons and of clients can be told apart",
        "a client gets no token of its own (client_credentials is refused)",
    ),
)

# What is not as the document has it.
NOT_KEPT: Final = (
    LeftOut(
        "MCP authorization, communication security",
        "every redirect URI is https or leads to localhost",
        "apps' own schemes are accepted: docs/decisions/0015-oauth-plane.md",
    ),
    LeftOut(
        "Client-id metadata documents, public and confidential clients",
        "who registered a key proves itself with it",
        "who names none besides is a public client: docs/decisions/0015-oauth-plane.md",
    ),
    LeftOut(
        "RFC 9728 §3.1, §3.3",
        "the query of a resource is part of its name",
        "an MCP address has none, and what somebody puts behind a ? is not looked at",
    ),
    LeftOut(
        "RFC 9700 §4.11.2",
        "nobody is sent on before they were authenticated",
        "back to a port of the person's own machine they are: docs/decisions/0015-oauth-plane.md",
    ),
)
