"""What other documents ask, as far as the ones before rest on it."""

from typing import Final

from tests.oauth.requirements.row import must

OTHERS: Final = (
    must(
        "RFC 6749 §3.1, §3.2",
        "a parameter that is there twice is refused, one without a value is not there",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
        "oauth/test_musts_of_servers.py::test_a_parameter_without_a_value_is_as_good_as_none",
    ),
    must(
        "RFC 6749 §2.3",
        "a client proves itself in one way a request",
        "oauth/test_token.py::test_a_client_with_a_secret_proves_itself_with_it",
        "oauth/test_token.py::test_of_two_proofs_none_counts",
    ),
    must(
        "RFC 6749 §5.1",
        "nobody keeps an answer with a token",
        "oauth/test_token.py::test_a_code_becomes_a_bearer_token_that_nobody_may_keep",
    ),
    must(
        "RFC 6749 §5.2",
        "errors are JSON with a code and a description of few characters",
        "oauth/test_register.py::test_a_description_has_only_the_characters_that_it_may_have",
        "oauth/test_token.py::"
        "test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing",
        "oauth/test_token.py::test_a_refused_client_is_challenged",
    ),
    must(
        "RFC 6749 §6",
        "a refresh asks for no more than was granted",
        "oauth/test_token.py::test_a_refresh_may_ask_for_less_and_not_for_more",
    ),
    must(
        "RFC 6749 §10.4, §10.10",
        "nobody can make up, change or guess a code or a token",
        "core/test_secrets.py::test_tokens_are_long_and_never_the_same",
        "domain/test_oauth_tokens.py::"
        "test_whoever_lacks_the_platforms_key_cannot_tell_the_next_token",
        "domain/test_oauth_tokens.py::"
        "test_what_is_no_access_token_opens_nothing_and_writes_nothing",
    ),
    must(
        "RFC 6750 §3.1",
        "no error code without a token, invalid_token with a bad one",
        "oauth/test_resource_server.py::test_what_is_no_bearer_token_is_as_good_as_none",
        "oauth/test_resource_server.py::"
        "test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written",
    ),
    must(
        "RFC 7009 §2",
        "a client ends its own tokens, a refresh token with its family; what is none is no error",
        "oauth/test_revoke.py::test_a_revoked_refresh_token_ends_the_family_whatever_the_hint",
        "oauth/test_revoke.py::test_a_client_ends_no_token_of_another",
        "oauth/test_revoke.py::test_to_revoke_what_is_no_token_is_no_error",
    ),
    must(
        "RFC 7591 §3.2.1",
        "a registration is answered with 201 and all that was registered",
        "oauth/test_register.py::test_a_client_is_public_unless_it_asks_for_a_secret",
    ),
    must(
        "RFC 8414 §3.3",
        "issuer is identical to the address that the metadata were asked for",
        "oauth/test_metadata.py::test_each_server_is_an_issuer_of_its_own",
        "oauth/test_metadata.py::test_the_metadata_keep_the_rules_of_rfc_8414",
    ),
    must(
        "RFC 9207 §2",
        "iss is in every answer to a client, errors too",
        "oauth/test_authorize.py::test_the_client_hears_what_is_wrong_with_state_and_issuer",
        "oauth/test_login.py::test_a_login_by_mail_ends_at_the_client_with_a_code",
    ),
)
