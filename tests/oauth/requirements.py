"""What the specifications ask of a server, in the words of this table, and the tests that hold it.

A test is named by its file and its own name. Whoever renames one is told (test_requirements.py).
"""

from typing import NamedTuple


class Requirement(NamedTuple):
    """One MUST: the document and section, what it asks, and the tests that hold it."""

    source: str
    must: str
    tests: tuple[str, ...]


def _must(source: str, must: str, *tests: str) -> Requirement:
    return Requirement(source, must, tests)


# MCP authorization of 2025-06-18, 2025-11-25 and 2026-07-28; where they differ, the strictest.
MCP = (
    _must(
        "MCP authorization, server location",
        "the server implements protected resource metadata",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    _must(
        "MCP authorization, server location",
        "a 401 names the metadata in WWW-Authenticate, and the scopes",
        "oauth/test_resource_server.py::"
        "test_the_challenge_leads_to_the_metadata_of_the_very_address",
        "mcp/test_rejections.py::test_a_server_that_wants_a_login_tells_nothing_before_it",
    ),
    _must(
        "MCP authorization, metadata discovery",
        "the authorization server tells its metadata as RFC 8414 or OpenID discovery has it",
        "oauth/test_metadata.py::test_the_authorization_server_tells_what_it_does",
        "oauth/test_metadata.py::"
        "test_the_openid_address_tells_the_same_and_what_such_clients_ask_for",
    ),
    _must(
        "MCP authorization, code protection",
        "code_challenge_methods_supported is there, or clients refuse to go on",
        "oauth/test_metadata.py::test_the_authorization_server_tells_what_it_does",
    ),
    _must(
        "MCP authorization, token handling",
        "the server accepts tokens for itself and no others; an invalid or expired one gets 401",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
        "domain/test_oauth_tokens.py::"
        "test_only_the_diagonal_of_twenty_servers_and_tokens_is_accepted",
    ),
    _must(
        "MCP authorization, token requirements",
        "every request brings its token, also within a session",
        "oauth/test_resource_server.py::test_a_person_ends_a_session_with_any_good_token_of_theirs",
    ),
    _must(
        "MCP authorization, token requirements",
        "a token in the query string does not count",
        "oauth/test_resource_server.py::test_a_token_in_the_address_does_not_count",
    ),
    _must(
        "MCP authorization, scope challenge",
        "a token that does not reach far enough gets 403 with the scopes that do",
        "oauth/test_resource_server.py::test_support_needs_a_login_that_was_asked_for_the_address",
    ),
    _must(
        "MCP authorization, resource parameter",
        "the resource is understood at both ends, and none but this server's is accepted",
        "oauth/test_token.py::test_every_address_of_the_server_is_the_resource",
        "oauth/test_resource_server_addresses.py::"
        "test_a_token_is_good_at_every_address_of_its_server_and_at_none_of_another",
        "oauth/test_token.py::test_a_refresh_for_another_resource_is_refused_and_can_be_asked_anew",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
    ),
    _must(
        "MCP authorization, client-id metadata documents",
        "the document's client_id is its very address, and its redirect URIs are the only ones",
        "domain/test_client_documents_rules.py::"
        "test_a_document_must_say_who_the_client_is_and_hold_no_secret",
        "oauth/test_authorize.py::test_nobody_is_sent_anywhere_for_whom_nobody_vouches",
    ),
    _must(
        "MCP authorization, client-id metadata documents",
        "reading a document reaches nothing but public addresses",
        "domain/test_client_documents.py::test_an_address_that_is_no_client_id_is_not_read",
    ),
    _must(
        "MCP authorization, client-id metadata documents",
        "people are shown where the browser returns to",
        "oauth/test_consent.py::"
        "test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to",
    ),
    _must(
        "MCP security, confused deputy",
        "consent is given for each client before anybody is sent to another provider",
        "oauth/test_callback.py::test_nobody_is_sent_to_the_provider_before_they_agree",
        "oauth/test_consent.py::test_every_login_is_asked_about_also_the_second_of_one_client",
    ),
    _must(
        "MCP security, session hijacking",
        "a session is no authentication, and belongs to whoever opened it",
        "oauth/test_resource_server.py::test_a_session_belongs_to_whoever_opened_it",
    ),
)

RFC_9728 = (
    _must(
        "RFC 9728 §3.1",
        "the metadata stand at the well-known address with the resource's path behind it",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
        "oauth/test_metadata.py::test_there_is_no_metadata_of_what_is_no_mcp_address",
    ),
    _must(
        "RFC 9728 §3.2",
        "they are a JSON object, sent as application/json with 200",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    _must(
        "RFC 9728 §3.3",
        "resource is identical to the address that they were asked for",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
        "oauth/test_metadata.py::test_an_alias_of_a_server_is_an_issuer_too",
    ),
    _must(
        "RFC 9728 §5.1",
        "resource_metadata in WWW-Authenticate is their address",
        "oauth/test_resource_server.py::"
        "test_the_challenge_leads_to_the_metadata_of_the_very_address",
    ),
)

RFC_9700 = (
    _must(
        "RFC 9700 §2.1",
        "redirect URIs are compared exactly, but for the port on loopback",
        "domain/test_oauth_clients.py::"
        "test_an_address_matches_exactly_but_for_the_port_on_loopback",
        "oauth/test_authorize.py::test_nobody_is_sent_anywhere_for_whom_nobody_vouches",
    ),
    _must(
        "RFC 9700 §2.1, §4.11.2",
        "the server is no open redirector",
        "oauth/test_authorize.py::"
        "test_a_faulty_request_of_a_web_client_is_told_on_a_page_with_a_link",
    ),
    _must(
        "RFC 9700 §2.1.1",
        "PKCE is supported, the verifier checked, and no request goes without a challenge",
        "domain/test_oauth_flows.py::test_a_request_without_s256_or_with_spoilt_text_begins_nothing",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
    ),
    _must(
        "RFC 9700 §2.1.2, §2.4",
        "neither the implicit grant nor the one with a password",
        "oauth/test_register.py::test_what_the_specification_does_not_allow_is_refused",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
    ),
    _must(
        "RFC 9700 §2.2.2, §4.14.2",
        "refresh tokens of public clients rotate, and a reused one ends the family",
        "oauth/test_token.py::test_a_refresh_token_that_comes_again_ends_the_family",
        "domain/test_oauth_races.py::"
        "test_one_of_fifty_callers_refreshes_and_all_are_told_what_came_of_it",
        "domain/test_oauth_races.py::test_fifty_callers_who_come_too_late_get_nothing_and_end_it",
    ),
    _must(
        "RFC 9700 §2.6",
        "the authorization endpoint allows no scripts of other sites",
        "oauth/test_authorize.py::test_pages_are_no_business_of_other_sites_scripts",
    ),
    _must(
        "RFC 9700 §4.2.4, RFC 6749 §4.1.2",
        "a code counts once, and its replay ends what came of it",
        "oauth/test_token.py::test_a_code_counts_once_and_its_replay_ends_all_that_came_of_it",
        "domain/test_oauth_races.py::test_one_of_fifty_callers_redeems_a_code",
    ),
    _must(
        "RFC 9700 §4.4",
        "mixed-up answers are recognized: towards clients by iss, from providers by iss and state",
        "oauth/test_login.py::test_a_login_by_mail_ends_at_the_client_with_a_code",
        "oauth/test_callback.py::test_a_mixed_up_answer_never_reaches_a_token_endpoint",
    ),
    _must(
        "RFC 9700 §4.7",
        "no other site brings a login of its own into somebody's browser",
        "domain/test_oauth_flows.py::test_a_form_without_its_hidden_field_does_nothing",
        "oauth/test_callback.py::test_another_browser_cannot_end_the_login_and_the_first_still_can",
    ),
    _must(
        "RFC 9700 §4.16",
        "pages are not shown in frames",
        "oauth/test_consent.py::"
        "test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to",
    ),
)

OTHERS = (
    _must(
        "RFC 6749 §3.1, §3.2",
        "a parameter that is there twice is refused, one without a value is not there",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
    ),
    _must(
        "RFC 6749 §2.3",
        "a client proves itself in one way a request",
        "oauth/test_token.py::test_a_client_with_a_secret_proves_itself_with_it",
    ),
    _must(
        "RFC 6749 §5.1",
        "nobody keeps an answer with a token",
        "oauth/test_token.py::test_a_code_becomes_a_bearer_token_that_nobody_may_keep",
    ),
    _must(
        "RFC 6749 §5.2",
        "errors are JSON with a code and a description of few characters",
        "oauth/test_register.py::test_a_description_has_only_the_characters_that_it_may_have",
        "oauth/test_token.py::test_a_refused_client_is_challenged",
    ),
    _must(
        "RFC 6749 §6",
        "a refresh asks for no more than was granted",
        "oauth/test_token.py::test_a_refresh_may_ask_for_less_and_not_for_more",
    ),
    _must(
        "RFC 6750 §3.1",
        "no error code without a token, invalid_token with a bad one",
        "oauth/test_resource_server.py::test_what_is_no_bearer_token_is_as_good_as_none",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
    ),
    _must(
        "RFC 7009 §2",
        "a client ends its own tokens, a refresh token with its family; what is none is no error",
        "oauth/test_revoke.py::test_a_revoked_refresh_token_ends_the_family_whatever_the_hint",
        "oauth/test_revoke.py::test_a_client_ends_no_token_of_another",
        "oauth/test_revoke.py::test_to_revoke_what_is_no_token_is_no_error",
    ),
    _must(
        "RFC 7591 §3.2.1",
        "a registration is answered with 201 and all that was registered",
        "oauth/test_register.py::test_a_client_is_public_unless_it_asks_for_a_secret",
    ),
    _must(
        "RFC 8414 §3.3",
        "issuer is identical to the address that the metadata were asked for",
        "oauth/test_metadata.py::test_each_server_is_an_issuer_of_its_own",
        "oauth/test_metadata.py::test_the_metadata_keep_the_rules_of_rfc_8414",
    ),
    _must(
        "RFC 9207 §2",
        "iss is in every answer to a client, errors too",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
        "oauth/test_login.py::test_a_login_by_mail_ends_at_the_client_with_a_code",
    ),
)

REQUIREMENTS = (*MCP, *RFC_9728, *RFC_9700, *OTHERS)
