"""Mail goes out behind the caller's back, over SMTP or into a folder."""

from email import message_from_bytes, policy
from pathlib import Path

import aiosmtplib
import pytest

from app.core.mail import Mail, OutboxMailer, SmtpMailer, mailer, without_links
from app.core.settings import SettingsError, read_settings
from tests.support.mail_server import relay

LINK = "http://localhost:8000/verify-email?token=mcpt_" + "a" * 90
HELLO = Mail(to="ann@acme.test", subject="Grüße", text=f"Hello!\n\n{LINK}\n")
SENDER = "Acme <no-reply@acme.test>"


async def test_without_smtp_mails_are_files_in_order(tmp_path: Path) -> None:
    outbox = mailer(None, sender=SENDER, outbox=tmp_path / "outbox")
    assert isinstance(outbox, OutboxMailer)
    await outbox.send(HELLO)
    await outbox.send(Mail(to="bob@acme.test", subject="Second", text="Zwölf\n"))
    first, second = sorted((tmp_path / "outbox").iterdir())
    assert LINK in first.read_text()  # whole, so that it can be copied
    message = message_from_bytes(first.read_bytes(), policy=policy.default)
    assert [message[name] for name in ("From", "To", "Subject", "Auto-Submitted")] == [
        SENDER, "ann@acme.test", "Grüße", "auto-generated",
    ]  # fmt: skip
    body = message_from_bytes(second.read_bytes(), policy=policy.default).get_content()
    assert body == "Zwölf\n"
    assert {path.suffix for path in (first, second)} == {".eml"}


async def test_with_smtp_mails_go_to_the_server(tmp_path: Path) -> None:
    async with relay(lambda _: None) as there:
        smtp = mailer(there.url, sender=SENDER, outbox=tmp_path)
        await smtp.send(HELLO)
    assert "MAIL FROM:<no-reply@acme.test>" in [line.partition(" size=")[0] for line in there.heard]
    assert there.asked_for() == ["ann@acme.test"]
    assert LINK in there.heard


@pytest.mark.parametrize(
    ("url", "use_tls", "start_tls", "port"),
    [
        ("smtp://relay.internal", False, None, 587),
        ("smtp://ann:p%40ss@mail.test:2525", False, True, 2525),
        ("smtps://ann:p%40ss@mail.test", True, False, 465),
    ],
)
async def test_a_password_is_sent_over_tls_only(
    monkeypatch: pytest.MonkeyPatch, url: str, *, use_tls: bool, start_tls: bool | None, port: int
) -> None:
    asked: dict[str, object] = {}

    def connection(**options: object) -> None:
        asked.update(options)
        raise ConnectionRefusedError

    monkeypatch.setattr(aiosmtplib, "SMTP", connection)
    with pytest.raises(ConnectionRefusedError):
        await SmtpMailer(url, sender=SENDER).send(HELLO)
    assert (asked["use_tls"], asked["start_tls"], asked["port"]) == (use_tls, start_tls, port)
    assert asked["password"] == ("p@ss" if "@" in url else None)


def test_the_settings_of_mail_are_checked() -> None:
    told = read_settings(smtp_url="smtps://ann:pass@mail.test", mail_from="Acme <no@acme.test>")
    assert told.smtp_url is not None
    assert "pass" not in repr(told)
    for wrong in ({"smtp_url": "mail.test"}, {"mail_from": "nobody"}, {"mail_from": "a@b\nBcc: c"}):
        with pytest.raises(SettingsError):
            read_settings(**wrong)


@pytest.mark.parametrize(
    "name", ["Log in at evil.example", "https://evil", "WWW.evil", "a@b", "x.рф", "Acme.Tools now"]
)
def test_a_name_that_mail_programs_would_link_is_not_written(name: str) -> None:
    assert without_links(name, "acme-docs") == "acme-docs"


@pytest.mark.parametrize(
    "name", ["Acme Docs", "Acme Inc.", "v2.0", "A. B. Corp", "Doks: eins, zwei"]
)
def test_any_other_name_is_written_as_it_is(name: str) -> None:
    assert without_links(name, "acme-docs") == name
