"""MCP security best practices, in the versions of 2025-06-18, 2025-11-25 and 2026-07-28."""

from typing import Final

from tests.oauth.requirements.row import must

MCP_SECURITY: Final = (
    must(
        "MCP security, confused deputy, per-client consent",
        "consent is given for each client before anybody is sent to another provider",
        "oauth/test_callback.py::test_nobody_is_sent_to_the_provider_before_they_agree",
        "oauth/test_consent.py::test_every_login_is_asked_about_also_the_second_of_one_client",
    ),
    must(
        "MCP security, confused deputy, per-client consent",
        "the decision is kept on our side, and no form changes what it is about",
        "oauth/test_consent.py::test_yes_leads_to_the_login_and_gives_no_code",
        "oauth/test_attacks.py::test_no_code_comes_of_it",
    ),
    must(
        "MCP security, confused deputy, consent page",
        "it names the client, and the host that the browser goes to afterwards",
        "oauth/test_consent.py::"
        "test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to",
        "oauth/test_consent.py::test_a_client_with_a_document_is_told_apart_by_its_host",
    ),
    must(
        "MCP security, confused deputy, consent page",
        "it shows the scopes that the provider will be asked for, and the whole redirect URI",
        "oauth/test_callback.py::test_the_question_tells_what_the_provider_is_asked_for",
        "oauth/test_consent.py::"
        "test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to",
    ),
    must(
        "MCP security, confused deputy, consent page",
        "its form carries a token of this browser's login, without which it does nothing",
        "oauth/test_attacks.py::test_no_consent_and_no_code_come_of_it",
        "domain/test_oauth_flows.py::test_a_form_without_its_hidden_field_does_nothing",
    ),
    must(
        "MCP security, confused deputy, consent page",
        "it is shown in no frame",
        "oauth/test_consent.py::"
        "test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to",
        "oauth/test_musts_of_servers.py::test_no_page_of_a_login_is_shown_in_a_frame",
    ),
    must(
        "MCP security, confused deputy, consent cookie",
        "its name begins with __Host-, and it is Secure, HttpOnly and SameSite=Lax",
        "oauth/test_authorize.py::"
        "test_a_sound_request_begins_a_login_that_this_browser_alone_holds",
        "oauth/test_attacks.py::test_no_consent_and_no_code_come_of_it",
    ),
    must(
        "MCP security, confused deputy, consent cookie",
        "it is the key of one login, and so of one client",
        "oauth/test_consent.py::test_two_logins_of_one_browser_do_not_disturb_each_other",
        "domain/test_oauth_flows.py::test_one_browsers_field_is_no_good_in_another_login",
    ),
    must(
        "MCP security, confused deputy, redirect URI validation",
        "exact text, no patterns, and nobody is sent to what is not registered",
        "domain/test_oauth_clients.py::"
        "test_an_address_matches_exactly_but_for_the_port_on_loopback",
        "oauth/test_attacks.py::test_nobody_is_sent_to_an_address_that_was_not_registered",
    ),
    must(
        "MCP security, confused deputy, state parameter",
        "each trip to the provider has a state that nobody can guess",
        "oauth/test_musts_at_a_provider.py::"
        "test_each_trip_has_a_state_a_nonce_and_a_challenge_of_its_own",
    ),
    must(
        "MCP security, confused deputy, state parameter",
        "no state counts before the person has agreed",
        "oauth/test_musts_at_a_provider.py::"
        "test_no_answer_of_the_provider_counts_before_the_person_agreed",
    ),
    must(
        "MCP security, confused deputy, state parameter",
        "an answer whose state is missing, or not that of this browser's trip, is refused",
        "oauth/test_callback.py::test_an_answer_to_nothing_leads_nowhere",
        "oauth/test_callback.py::test_another_browser_cannot_end_the_login_and_the_first_still_can",
        "domain/test_oauth_flows.py::test_a_trip_upstream_comes_back_once_and_in_the_same_browser",
    ),
    must(
        "MCP security, confused deputy, state parameter",
        "a state counts once, within ten minutes",
        "oauth/test_callback.py::test_an_answer_counts_once",
        "oauth/test_callback.py::test_an_answer_that_ended_in_a_no_is_not_heard_again",
        "oauth/test_callback.py::test_the_answer_to_a_trip_of_before_is_void",
        "domain/test_oauth_flows.py::test_an_answer_to_an_earlier_trip_is_void",
        "domain/test_oauth_flows.py::test_one_provider_answer_at_a_time",
        "domain/test_oauth_flows.py::test_a_login_is_over_after_ten_minutes",
    ),
    must(
        "MCP security, token passthrough",
        "no token is accepted that was not issued for this server",
        "domain/test_oauth_tokens.py::"
        "test_only_the_diagonal_of_twenty_servers_and_tokens_is_accepted",
    ),
    must(
        "MCP security (2025-06-18, 2025-11-25), session hijacking",
        "every request is checked: a session is no authentication",
        "mcp/test_rejections.py::test_a_server_that_wants_a_login_tells_nothing_before_it",
        "oauth/test_resource_server.py::test_a_session_belongs_to_whoever_opened_it",
        "oauth/test_resource_server.py::"
        "test_a_session_alone_is_nobody_once_the_server_asks_for_no_login",
    ),
    must(
        "MCP security (2025-06-18, 2025-11-25), session hijacking",
        "nobody can guess a session's id",
        "mcp/test_sessions.py::test_initialize_opens_a_session",
        "core/test_ids.py::test_an_id_is_its_prefix_and_at_least_sixteen_random_characters",
        "core/test_ids.py::test_ids_do_not_repeat",
    ),
    must(
        "MCP security (2026-07-28), state handle hijacking",
        "a run's handle is no authentication",
        "oauth/test_musts_of_servers.py::"
        "test_a_run_handle_opens_nothing_without_a_token_and_to_nobody_else",
    ),
    must(
        "MCP security (2026-07-28), server-side request forgery",
        "what a provider's metadata name leads to nothing but public addresses, by https",
        "domain/test_upstream_faults.py::"
        "test_metadata_that_cannot_be_followed_sends_nobody_anywhere",
        "domain/test_upstream_faults.py::test_an_issuer_inside_our_network_is_not_asked",
        "graphql/test_oauth_check.py::test_nothing_inside_our_network_is_asked_or_shows",
        "core/test_safe_fetch.py::test_no_redirect_is_followed",
    ),
)
