"""MCP authorization of 2025-06-18, 2025-11-25 and 2026-07-28; where they differ, the strictest.

A row that names versions is asked by those alone.
"""

from typing import Final

from tests.oauth.requirements.row import must

MCP_AUTHORIZATION: Final = (
    must(
        "MCP authorization, overview",
        "public clients and those with a secret are served, each with its own precautions",
        "oauth/test_register.py::test_a_client_is_public_unless_it_asks_for_a_secret",
        "oauth/test_token.py::test_a_client_with_a_secret_proves_itself_with_it",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
    ),
    must(
        "MCP authorization, server location",
        "the server implements protected resource metadata",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    must(
        "MCP authorization, server location",
        "they name at least one authorization server",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
        "oauth/test_resource_server_addresses.py::"
        "test_whoever_knows_one_address_is_led_to_the_issuer_of_that_very_host",
    ),
    must(
        "MCP authorization, server location",
        "a 401 names the metadata in WWW-Authenticate, and the scopes",
        "oauth/test_resource_server.py::"
        "test_the_challenge_leads_to_the_metadata_of_the_very_address",
        "mcp/test_rejections.py::test_a_server_that_wants_a_login_tells_nothing_before_it",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), metadata discovery",
        "they stand at the well-known address of the MCP path, or of the root: here at both",
        "oauth/test_metadata.py::test_the_resource_is_the_very_address_that_was_asked_about",
    ),
    must(
        "MCP authorization, metadata discovery",
        "the authorization server tells its metadata as RFC 8414 or OpenID discovery has it",
        "oauth/test_metadata.py::test_the_authorization_server_tells_what_it_does",
        "oauth/test_metadata.py::"
        "test_the_openid_address_tells_the_same_and_what_such_clients_ask_for",
    ),
    # Client-id metadata documents
    must(
        "MCP authorization (2025-11-25, 2026-07-28), client-id metadata documents",
        "the document's client_id is its very address",
        "domain/test_client_documents_rules.py::"
        "test_a_document_must_say_who_the_client_is_and_hold_no_secret",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), client-id metadata documents",
        "the redirect URIs that it names are the only ones",
        "oauth/test_musts_of_servers.py::"
        "test_nobody_is_sent_to_an_address_that_the_clients_document_does_not_name",
        "domain/test_client_documents.py::test_a_document_is_read_again_when_it_is_no_longer_fresh",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), client-id metadata documents",
        "it is a JSON object with client_id, client_name and redirect_uris",
        "domain/test_client_documents_rules.py::test_only_a_json_object_is_a_document",
        "domain/test_client_documents_rules.py::"
        "test_a_document_must_say_who_the_client_is_and_hold_no_secret",
        "domain/test_client_documents.py::test_a_document_that_is_refused_leaves_nothing_behind",
    ),
    must(
        "Client-id metadata documents, client identifier",
        "its address is https with a path, and without dot segments, a fragment or a user",
        "oauth/test_musts_of_servers.py::"
        "test_what_is_no_address_of_a_document_is_not_even_looked_up",
        "domain/test_client_documents.py::test_an_address_that_is_no_client_id_is_not_read",
    ),
    must(
        "Client-id metadata documents, client metadata",
        "no secret that both sides share, neither in it nor as its way to prove itself",
        "domain/test_client_documents_rules.py::"
        "test_a_document_must_say_who_the_client_is_and_hold_no_secret",
        "domain/test_oauth_clients.py::test_a_document_makes_no_client_with_a_secret",
    ),
    must(
        "Client-id metadata documents, metadata caching",
        "neither errors nor documents that cannot be used are remembered",
        "domain/test_client_documents.py::test_a_document_that_is_refused_leaves_nothing_behind",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), document security",
        "reading a document reaches nothing but public addresses",
        "domain/test_client_documents.py::test_an_address_that_is_no_client_id_is_not_read",
        "core/test_safe_fetch_targets.py::"
        "test_no_spelling_connects_to_an_address_that_is_not_public",
        "core/test_safe_fetch_targets.py::test_no_name_may_resolve_to_such_an_address",
        "core/test_safe_fetch.py::test_no_redirect_is_followed",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), document security",
        "people are shown the host that the browser returns to",
        "oauth/test_consent.py::"
        "test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to",
    ),
    # Answers to clients
    must(
        "MCP authorization (2026-07-28), response validation",
        "a server that sends iss says so in its metadata",
        "oauth/test_metadata.py::test_the_authorization_server_tells_what_it_does",
        "oauth/test_login.py::test_a_login_by_mail_ends_at_the_client_with_a_code",
    ),
    must(
        "MCP authorization, resource parameter",
        "the resource is understood at both ends, and none but this server's is accepted",
        "oauth/test_token.py::test_every_address_of_the_server_is_the_resource",
        "oauth/test_resource_server_addresses.py::"
        "test_a_token_is_good_at_every_address_of_its_server_and_at_none_of_another",
        "oauth/test_resource_server_addresses.py::"
        "test_a_login_for_what_is_no_address_of_the_server_is_refused_at_both_ends",
        "oauth/test_token.py::test_a_refresh_for_another_resource_is_refused_and_can_be_asked_anew",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
    ),
    # Tokens at the MCP address
    must(
        "MCP authorization, token requirements",
        "every request brings its token, also within a session",
        "mcp/test_rejections.py::test_a_server_that_wants_a_login_tells_nothing_before_it",
        "oauth/test_resource_server.py::test_a_person_ends_a_session_with_any_good_token_of_theirs",
    ),
    must(
        "MCP authorization, token requirements",
        "a token in the query string does not count",
        "oauth/test_resource_server.py::test_a_token_in_the_address_does_not_count",
    ),
    must(
        "MCP authorization, token handling; OAuth 2.1 §5.2",
        "tokens are checked before anything is done: unknown, expired and revoked ones get 401",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
    ),
    must(
        "MCP authorization, token handling, audience validation",
        "the server accepts tokens that were issued for itself, and no others",
        "domain/test_oauth_tokens.py::"
        "test_only_the_diagonal_of_twenty_servers_and_tokens_is_accepted",
        "oauth/test_resource_server_addresses.py::"
        "test_a_token_is_good_at_every_address_of_its_server_and_at_none_of_another",
        "oauth/test_resource_server_addresses.py::"
        "test_a_host_that_becomes_another_servers_takes_no_token_along",
    ),
    must(
        "MCP authorization, token handling, token passthrough",
        "a client's token is not passed on to the provider",
        "oauth/test_musts_at_a_provider.py::"
        "test_a_clients_token_is_never_passed_on_to_the_provider",
    ),
    must(
        "MCP authorization, token handling; OAuth 2.1 §5.3",
        "what is refused is told in the Bearer challenge, with the code of the fault",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
        "oauth/test_resource_server.py::test_support_needs_a_login_that_was_asked_for_the_address",
    ),
    must(
        "MCP authorization, access token privilege restriction",
        "nothing is told to whoever has no token",
        "mcp/test_rejections.py::test_a_server_that_wants_a_login_tells_nothing_before_it",
    ),
    must(
        "MCP authorization, error handling",
        "401 without a good token, 403 where it does not reach, 400 for a faulty request",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
        "oauth/test_resource_server.py::test_support_needs_a_login_that_was_asked_for_the_address",
        "oauth/test_authorize.py::test_nobody_is_sent_anywhere_for_whom_nobody_vouches",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), scope challenge",
        "a token that does not reach far enough gets 403 with the scopes that do",
        "oauth/test_resource_server.py::test_support_needs_a_login_that_was_asked_for_the_address",
    ),
    must(
        "MCP authorization (2026-07-28), step-up",
        "a token that reaches further than needed will do",
        "oauth/test_musts_of_servers.py::test_a_token_with_more_scopes_than_needed_will_do",
    ),
    # Security considerations
    must(
        "MCP authorization, token theft",
        "no token or code is kept in the clear, or written to a log",
        "domain/test_oauth_configs.py::test_no_secret_of_any_login_is_in_the_database",
        "oauth/test_token.py::test_no_log_line_has_a_code_a_token_or_a_verifier",
        "oauth/test_musts_of_servers.py::test_a_call_leaves_its_token_in_no_log_and_in_no_table",
    ),
    must(
        "MCP authorization, token theft",
        "refresh tokens of public clients rotate",
        "oauth/test_token.py::test_a_refresh_token_becomes_new_tokens_once",
        "oauth/test_token.py::test_a_refresh_token_that_comes_again_ends_the_family",
    ),
    must(
        "MCP authorization, communication security",
        "every address that clients are told is https, but on one's own machine",
        "core/test_settings.py::test_a_wrong_value_is_refused_by_the_name_of_its_variable",
        "oauth/test_musts_of_servers.py::"
        "test_where_the_public_comes_by_https_clients_are_told_no_other_address",
        "web/test_middleware.py::test_where_the_public_comes_by_https_it_must_keep_to_it",
    ),
    must(
        "MCP authorization, communication security",
        "no redirect URI is http, but on the person's own machine",
        "domain/test_oauth_clients.py::test_an_address_that_could_be_someone_elses_is_refused",
        "oauth/test_register.py::test_what_the_specification_does_not_allow_is_refused",
        "domain/test_client_documents.py::test_a_document_that_is_refused_leaves_nothing_behind",
    ),
    must(
        "MCP authorization (2025-11-25, 2026-07-28), code protection",
        "code_challenge_methods_supported is there, at the OpenID address too",
        "oauth/test_metadata.py::test_the_authorization_server_tells_what_it_does",
        "oauth/test_metadata.py::"
        "test_the_openid_address_tells_the_same_and_what_such_clients_ask_for",
    ),
    must(
        "MCP authorization, open redirection",
        "redirect URIs are compared with those that the client registered, exactly",
        "domain/test_oauth_clients.py::"
        "test_an_address_matches_exactly_but_for_the_port_on_loopback",
        "oauth/test_attacks.py::test_nobody_is_sent_to_an_address_that_was_not_registered",
    ),
    must(
        "MCP authorization, open redirection",
        "nobody is led to where a stranger wants them before they have logged in",
        "oauth/test_authorize.py::"
        "test_a_faulty_request_of_a_web_client_is_told_on_a_page_with_a_link",
        "oauth/test_authorize.py::test_no_faulty_request_opens_an_app_by_itself",
        "oauth/test_consent.py::test_no_sends_nobody_to_where_a_stranger_wants_them",
        "oauth/test_consent.py::test_who_has_not_logged_in_is_sent_to_no_stranger_either",
    ),
)
