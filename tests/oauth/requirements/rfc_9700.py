"""RFC 9700, best current practice for security: of a server, and of us as a provider's client."""

from typing import Final

from tests.oauth.requirements.row import must

_OF_SERVERS: Final = (
    must(
        "RFC 9700 §2.1, §4.1.3",
        "redirect URIs are compared exactly, but for the port on loopback",
        "domain/test_oauth_clients.py::"
        "test_an_address_matches_exactly_but_for_the_port_on_loopback",
        "oauth/test_authorize.py::test_nobody_is_sent_anywhere_for_whom_nobody_vouches",
        "oauth/test_attacks.py::test_nobody_is_sent_to_an_address_that_was_not_registered",
    ),
    must(
        "RFC 9700 §4.1.3",
        "on loopback any port will do",
        "oauth/test_authorize.py::test_any_port_of_the_own_machine_will_do",
    ),
    must(
        "RFC 9700 §2.1, §4.11.2; RFC 6749 §4.1.2.1",
        "nobody is sent on who came with a client or a redirect URI that do not belong together",
        "oauth/test_authorize.py::test_nobody_is_sent_anywhere_for_whom_nobody_vouches",
        "oauth/test_attacks.py::test_nobody_is_sent_to_an_address_that_was_not_registered",
    ),
    must(
        "RFC 9700 §2.1, §4.11.2",
        "who has not logged in is sent to no stranger: not by a faulty request, nor by a no",
        "oauth/test_authorize.py::"
        "test_a_faulty_request_of_a_web_client_is_told_on_a_page_with_a_link",
        "oauth/test_authorize.py::test_no_faulty_request_opens_an_app_by_itself",
        "oauth/test_consent.py::test_no_sends_nobody_to_where_a_stranger_wants_them",
        "oauth/test_consent.py::test_who_has_not_logged_in_is_sent_to_no_stranger_either",
        "oauth/test_consent.py::test_no_that_is_said_twice_sends_nobody_to_a_stranger",
    ),
    must(
        "RFC 9700 §2.1, §4.12",
        "what was typed into a form is not sent on: 303, never 307",
        "oauth/test_musts_of_servers.py::test_no_form_is_sent_on_with_what_was_typed_into_it",
        "oauth/test_musts_at_a_provider.py::"
        "test_neither_on_nor_back_is_a_form_sent_on_with_what_it_brought",
    ),
    must(
        "RFC 9700 §2.1.1",
        "PKCE is supported, and no request goes without a challenge",
        "domain/test_oauth_flows.py::test_a_request_without_s256_or_with_spoilt_text_begins_nothing",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
    ),
    must(
        "RFC 9700 §2.1.1",
        "no code is redeemed without the verifier of its challenge",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
        "domain/test_oauth_tokens.py::test_a_code_is_worth_nothing_to_whoever_lacks_a_part",
    ),
    must(
        "RFC 9700 §2.1.1, §4.8.2",
        "PKCE cannot be taken away from a login: no code is without a challenge",
        "oauth/test_musts_of_servers.py::test_no_code_is_without_a_challenge",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
    ),
    must(
        "RFC 9700 §2.1.1, §4.7.1",
        "clients can find out that PKCE is supported",
        "oauth/test_metadata.py::test_the_authorization_server_tells_what_it_does",
    ),
    must(
        "RFC 9700 §2.1.2",
        "no implicit grant, nor another answer with a token in the browser",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
        "oauth/test_register.py::test_what_the_specification_does_not_allow_is_refused",
    ),
    must(
        "RFC 9700 §2.2.2, §4.14.2",
        "refresh tokens of public clients rotate, and a reused one ends the family",
        "oauth/test_token.py::test_a_refresh_token_becomes_new_tokens_once",
        "oauth/test_token.py::test_a_refresh_token_that_comes_again_ends_the_family",
        "domain/test_oauth_races.py::"
        "test_one_of_fifty_callers_refreshes_and_all_are_told_what_came_of_it",
        "domain/test_oauth_races.py::test_fifty_callers_who_come_too_late_get_nothing_and_end_it",
    ),
    must(
        "RFC 9700 §2.2.2; RFC 6749 §10.4",
        "a refresh token is of use to its own client alone, which proves itself if it can",
        "domain/test_oauth_tokens.py::"
        "test_what_is_no_living_refresh_token_of_the_client_is_worth_nothing",
        "oauth/test_token.py::test_a_client_with_a_secret_proves_itself_with_it",
    ),
    must(
        "RFC 9700 §2.3",
        "a token for another server is refused, with every request",
        "domain/test_oauth_tokens.py::"
        "test_only_the_diagonal_of_twenty_servers_and_tokens_is_accepted",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
    ),
    must(
        "RFC 9700 §2.3",
        "a token that was not asked for a scope does not reach what needs it",
        "oauth/test_resource_server.py::test_support_needs_a_login_that_was_asked_for_the_address",
    ),
    must(
        "RFC 9700 §2.4",
        "no grant with a person's password",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
    ),
    must(
        "RFC 9700 §2.6",
        "no redirect URI is http, but on the person's own machine",
        "domain/test_oauth_clients.py::test_an_address_that_could_be_someone_elses_is_refused",
        "oauth/test_register.py::test_what_the_specification_does_not_allow_is_refused",
    ),
    must(
        "RFC 9700 §2.6",
        "the authorization endpoint allows no scripts of other sites",
        "oauth/test_authorize.py::test_pages_are_no_business_of_other_sites_scripts",
    ),
    must(
        "RFC 9700 §4.2.4; RFC 6749 §4.1.2",
        "a code counts once, and its replay ends what came of it",
        "oauth/test_token.py::test_a_code_counts_once_and_its_replay_ends_all_that_came_of_it",
        "domain/test_oauth_races.py::test_one_of_fifty_callers_redeems_a_code",
    ),
    must(
        "RFC 9700 §4.4.2; RFC 9207 §2",
        "clients recognize mixed-up answers by iss, which is in each of ours",
        "oauth/test_login.py::test_a_login_by_mail_ends_at_the_client_with_a_code",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
    ),
    must(
        "RFC 9700 §4.5.1; RFC 6749 §4.1.3",
        "a code is bound to its client and to the redirect URI that it was sent to",
        "oauth/test_token.py::test_a_code_of_one_client_is_worth_nothing_to_another",
        "domain/test_oauth_tokens.py::test_a_code_is_worth_nothing_to_whoever_lacks_a_part",
    ),
    must(
        "RFC 9700 §4.9.3",
        "the resource server neither keeps nor logs a token",
        "oauth/test_musts_of_servers.py::test_a_call_leaves_its_token_in_no_log_and_in_no_table",
        "domain/test_oauth_configs.py::test_no_secret_of_any_login_is_in_the_database",
    ),
    must(
        "RFC 9700 §4.13",
        "headers of a proxy are believed from our own proxies alone",
        "web/test_hosts.py::test_nobody_else_is_believed",
        "web/test_hosts.py::test_a_trusted_proxy_is_believed",
        "oauth/test_metadata.py::test_no_host_header_has_a_say_in_what_caches_keep",
    ),
    must(
        "RFC 9700 §4.14.2",
        "it is decided for each client whether it gets refresh tokens",
        "oauth/test_token.py::test_a_client_without_refresh_tokens_gets_one_for_offline_access",
    ),
    must(
        "RFC 9700 §4.14.2",
        "a refresh token is bound to the scopes and the resource that were agreed to",
        "oauth/test_token.py::test_a_refresh_may_ask_for_less_and_not_for_more",
        "oauth/test_token.py::test_a_refresh_for_another_resource_is_refused_and_can_be_asked_anew",
    ),
    must(
        "RFC 9700 §4.16",
        "no page of a login is shown in a frame",
        "oauth/test_musts_of_servers.py::test_no_page_of_a_login_is_shown_in_a_frame",
        "oauth/test_musts_at_a_provider.py::"
        "test_the_page_of_a_provider_that_is_down_is_shown_in_no_frame",
        "oauth/test_authorize.py::test_nobody_is_sent_anywhere_for_whom_nobody_vouches",
    ),
)

_OF_A_PROVIDERS_CLIENT: Final = (
    must(
        "RFC 9700 §2.1, §4.11.1",
        "our redirect endpoint sends nobody to what its query says",
        "oauth/test_callback.py::test_an_answer_to_nothing_leads_nowhere",
        "web/test_sign_in.py::test_it_goes_on_nowhere_else",
        "web/test_sign_in.py::test_elsewhere_is_whatever_a_browser_could_read_as_another_host",
    ),
    must(
        "RFC 9700 §2.1, §4.7.1",
        "no other site brings a login of its own into somebody's browser",
        "oauth/test_callback.py::test_another_browser_cannot_end_the_login_and_the_first_still_can",
        "oauth/test_callback.py::test_an_answer_to_nothing_leads_nowhere",
        "domain/test_oauth_flows.py::test_a_form_without_its_hidden_field_does_nothing",
    ),
    must(
        "RFC 9700 §4.7.1",
        "a state that was changed, or belongs to another login, is worth nothing",
        "domain/test_oauth_flows.py::test_a_trip_upstream_comes_back_once_and_in_the_same_browser",
    ),
    must(
        "RFC 9700 §2.1.1, §4.5.3",
        "PKCE with S256 and a nonce go with every request, also of a client with a secret",
        "oauth/test_callback.py::test_the_provider_is_given_a_challenge_and_a_nonce_and_no_secret",
        "domain/test_upstream.py::test_the_browser_is_sent_with_everything_that_binds_the_answer",
    ),
    must(
        "RFC 9700 §2.1.1",
        "both are of one trip, and of the browser that made it",
        "oauth/test_musts_at_a_provider.py::"
        "test_each_trip_has_a_state_a_nonce_and_a_challenge_of_its_own",
        "domain/test_upstream.py::test_a_code_serves_once_and_only_with_its_verifier",
    ),
    must(
        "RFC 9700 §2.1.1, §4.5",
        "somebody else's code, put into an answer, comes to nothing",
        "oauth/test_callback.py::test_a_code_from_somebody_elses_trip_is_of_no_use",
    ),
    must(
        "RFC 9700 §4.5.3.2",
        "without the right nonce nothing that the provider gave is used",
        "oauth/test_callback.py::test_an_identity_that_does_not_hold_gives_no_code",
        "domain/test_upstream_tokens.py::test_an_id_token_that_says_something_else_is_not_accepted",
    ),
    must(
        "RFC 9700 §2.1, §4.4.2; RFC 9207 §2.4",
        "an answer that names another issuer, or not the promised one, ends the trip at once",
        "oauth/test_callback.py::test_a_mixed_up_answer_never_reaches_a_token_endpoint",
        "domain/test_upstream_faults.py::test_an_issuer_is_compared_even_where_none_was_promised",
        "domain/test_upstream_faults.py::test_a_callback_without_a_good_code_lets_nobody_in",
    ),
    must(
        "RFC 9700 §4.4.2",
        "the provider that a person was sent to is part of the trip, and no other hears of it",
        "oauth/test_callback.py::test_an_answer_reaches_no_provider_but_the_one_that_gave_it",
    ),
    must(
        "RFC 9700 §4.4.2",
        "each server has a redirect URI of its own, and answers to another's are refused",
        "oauth/test_musts_at_a_provider.py::test_an_answer_counts_at_no_other_servers_address",
    ),
    must(
        "RFC 9700 §4.3.2",
        "no token is in an address that we ask for",
        "oauth/test_musts_at_a_provider.py::"
        "test_no_code_and_no_token_is_in_an_address_that_the_provider_is_asked_for",
    ),
    must(
        "RFC 9700 §2.6; OAuth 2.1 §1.5",
        "providers are asked over TLS that proves who they are, and people are sent by https",
        "domain/test_oauth_issuers.py::test_in_production_a_provider_on_this_machine_is_refused",
        "domain/test_oauth_issuers.py::test_anything_else_is_refused",
        "domain/test_upstream_faults.py::"
        "test_metadata_that_cannot_be_followed_sends_nobody_anywhere",
        "core/test_safe_fetch.py::test_a_certificate_for_another_name_is_refused",
        "core/test_safe_fetch.py::test_an_authority_that_nobody_knows_is_refused",
    ),
)

RFC_9700: Final = (*_OF_SERVERS, *_OF_A_PROVIDERS_CLIENT)
