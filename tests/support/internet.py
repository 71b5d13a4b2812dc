"""An internet of the test's own: its names, its certificates, and whatever is connected to."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core import clock

PUBLIC = "93.184.216.34"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a host received it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Internet:
    """Names with the answers of each lookup in turn, and every address that was connected to."""

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    lookups: list[str] = field(default_factory=list)
    connections: list[tuple[str, int]] = field(default_factory=list)
    routes: dict[tuple[str, int], int] = field(default_factory=dict)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """The next answer for this name; the last one again when all were given."""
        self.lookups.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note every connection of this process, and lead those that have a route to their host.

        Nothing else leaves this machine.
        """
        really = socket.socket.connect

        def connect(sock: socket.socket, address: Any) -> None:
            self.connections.append(address[:2])
            if address[:2] not in self.routes:
                raise ConnectionRefusedError
            really(sock, ("127.0.0.1", self.routes[address[:2]]))

        monkeypatch.setattr(socket.socket, "connect", connect)


class Authority:
    """A certificate authority that only its own tests trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        builder = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self._certificate = builder.sign(self._key, hashes.SHA256())

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.pem().decode())

    def pem(self) -> bytes:
        """Its certificate, for another process to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def serving(self, name: str) -> ssl.SSLContext:
        """A server's context with a certificate for this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key.public_key()).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(clock.now() - timedelta(days=1))
            .not_valid_after(clock.now() + timedelta(days=1))
        )


@dataclass(slots=True)
class Host:
    """A web server that answers each request as it is told to."""

    port: int
    asked: list[Asked]
    hung_up: asyncio.Event


@asynccontextmanager
async def host(answer: Answering, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    """A server on this machine; `answer` writes the bytes of each answer."""
    asked: list[Asked] = []
    hung_up = asyncio.Event()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        task.add_done_callback(serving.discard)
        try:
            request = await _read(reader)
            if request:
                asked.append(request)
                await answer(request, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            hung_up.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield Host(server.sockets[0].getsockname()[1], asked, hung_up)
    finally:
        server.close()
        for task in serving.copy():
            task.cancel()  # it was told never to answer
        await asyncio.gather(*serving, return_exceptions=True)


def response(
    body: bytes = b"", *, status: int = 200, headers: dict[str, str] | None = None
) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status} x", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)
