"""Every setting. The environment is read here, through three helpers, and nowhere else."""

import os
import secrets
from pathlib import Path

from django.utils.csp import CSP

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    """The text of ``PUPITRE_<name>``; or of the file that ``PUPITRE_<name>_FILE`` names, for secrets."""
    if path := os.environ.get(f"PUPITRE_{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(f"PUPITRE_{name}", default)


def env_flag(name: str, default: bool = False) -> bool:
    """A yes-or-no setting: 1, true, yes, on."""
    return env(name, str(default)).lower() in ("1", "true", "yes", "on")


def env_number(name: str, default: int) -> int:
    """A whole number."""
    return int(env(name, str(default)))


def _kept_secret(path: Path) -> str:
    """A random secret that survives restarts: made once, readable by its owner only."""
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        secret = secrets.token_urlsafe(48)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        return secret


def _runtime_paths() -> list[str]:
    """``PUPITRE_RUNTIME_PATHS`` (separated by colons), else PATH and where version managers keep what they install."""
    if configured := env("RUNTIME_PATHS"):
        return configured.split(":")
    home = os.environ.get("HOME", "/nonexistent")
    pyenv = os.environ.get("PYENV_ROOT", f"{home}/.pyenv")
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR", f"{home}/.local/share/uv/python")
    nvm = os.environ.get("NVM_DIR", f"{home}/.nvm")
    managed = [f"{pyenv}/versions/*/bin", f"{uv}/*/bin", f"{nvm}/versions/node/*/bin"]
    return ["/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":"), *managed]


# -- where things are ------------------------------------------------------------------------------

DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / "var"))).resolve()
CODE_DIR = DATA_DIR / "code"
TOOLS_DIR = Path(env("TOOLS_DIR", str(BASE_DIR / "var" / "tools"))).resolve()  # what set-up built: function libraries

# -- the two origins -------------------------------------------------------------------------------

CONSOLE_HOST = env("CONSOLE_HOST", "127.0.0.1")
CONSOLE_PORT = env_number("CONSOLE_PORT", 8000)
API_HOST = env("API_HOST", "127.0.0.1")
API_PORT = env_number("API_PORT", 4566)
API_URL = env("API_URL", f"http://{API_HOST}:{API_PORT}")  # as clients outside reach it
API_INTERNAL = env("API_INTERNAL", f"127.0.0.1:{API_PORT}")  # host:port as the worker reaches it, for the sandboxes
REGION = env("REGION", "us-east-1")

# Where else than to the public Internet students' webhooks and subscriptions may go, in CIDR notation; never to ourselves.
OUTGOING_NETWORKS = [network for network in env("OUTGOING_NETWORKS").split(",") if network]

# -- Django ----------------------------------------------------------------------------------------

SECRET_KEY = env("SECRET_KEY") or _kept_secret(DATA_DIR / "secret-key")
DEBUG = env_flag("DEBUG")
ALLOWED_HOSTS = [host for host in env("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if host]
CSRF_FAILURE_VIEW = "console.pages.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [origin for origin in env("CSRF_TRUSTED_ORIGINS").split(",") if origin]
ROOT_URLCONF = "console.urls"
ASGI_APPLICATION = "console.asgi.console"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "servestatic.runserver_nostatic",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "accounts",
    "functions",
    "logs",
    "queues",
    "topics",
    "runner",
    "triggers",
    "aws",
    "console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "console.middleware.Compressed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "console.sessions.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.middleware.Workspace",
    "console.middleware.ServiceErrors",
]

TEMPLATES: list[dict[str, object]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "console.context.shell",
            ],
        },
    },
]

# -- the database: the truth -----------------------------------------------------------------------

DATABASES: dict[str, dict[str, object]]
if env("DATABASE") == "postgresql":
    DATABASES = {
        "default": {
            "ENGINE": "core.postgresql",
            "NAME": env("DATABASE_NAME", "pupitre"),
            "USER": env("DATABASE_USER", "pupitre"),
            "PASSWORD": env("DATABASE_PASSWORD"),
            "HOST": env("DATABASE_HOST"),
            "PORT": env("DATABASE_PORT"),
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "application_name": "pupitre",
                "connect_timeout": 5,
                # Nobody waits for ever: not for a lock, an answer, or a process that died within a transaction.
                "options": "-c lock_timeout=20s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
                # Of each process; a thread borrows one while it works, and waits a while when all are lent.
                "pool": {
                    "min_size": 1,
                    "max_size": env_number("DATABASE_CONNECTIONS", 20),
                    "timeout": 10,
                    "reconnect_timeout": 10,
                },
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": env("DATABASE_PATH", str(DATA_DIR / "pupitre.sqlite3")),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: an event that was answered with 202 survives a power loss.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000;",
            },
        }
    }

# -- Redis and Celery: the messenger ---------------------------------------------------------------

REDIS_URL = env("REDIS_URL", f"unix://{DATA_DIR / 'redis.sock'}?db=0")
CELERY_BROKER_URL = env("BROKER_URL", REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host="))

# -- execution environments ------------------------------------------------------------------------

SANDBOX_DRIVER = env("SANDBOX_DRIVER", "bubblewrap")
SANDBOX_BROKER = Path(env("SANDBOX_BROKER", str(DATA_DIR / "broker" / "socket")))  # of the driver "docker"
SANDBOX_VOLUME = env("SANDBOX_VOLUME")  # the engine's volume that DATA_DIR is, when the broker runs in a container
SANDBOX_COUNT = env_number("SANDBOX_COUNT", 200)  # containers that the broker makes at most
ENGINE_URL = env("ENGINE_URL", "unix:///var/run/docker.sock")  # read by the broker alone
SANDBOX_ZYGOTES = env_flag("SANDBOX_ZYGOTES", default=True)
ALLOW_UNSANDBOXED = env_flag("ALLOW_UNSANDBOXED")  # the owner's own code only; see docs/security.md
WORKER_MEMORY_MB = env_number("WORKER_MEMORY_MB", 0)  # 0: the machine's memory less 2 GB
WORKER_CONCURRENCY = env_number("WORKER_CONCURRENCY", 128)  # invocations in flight in one worker process
WORKER_SERVES = env("WORKER_SERVES", "calls,events").split(",")  # synchronous calls, asynchronous events, or both
PRESTARTED_ENVIRONMENTS = env_number("PRESTARTED_ENVIRONMENTS", 2)  # kept ready for each runtime in use
RUNTIME_PATHS = _runtime_paths()  # folders searched for Python and Node.js; patterns are allowed
ENVIRONMENT_IDLE_S = env_number("ENVIRONMENT_IDLE_S", 600)
EVENT_BACKLOG = env_number("EVENT_BACKLOG", 100_000)  # events of one account that may wait at once
EVENT_LEASE_S = env_number("EVENT_LEASE_S", 45)  # an event whose worker was silent for so long is run again
STOP_PATIENCE_S = env_number("STOP_PATIENCE_S", 20)  # how long a stopping worker waits for running invocations
LOG_GROUP_MB = env_number("LOG_GROUP_MB", 256)  # what a log group may keep; older events make room
KEEP_INVOCATIONS_DAYS = env_number("KEEP_INVOCATIONS_DAYS", 30)
SCHEDULE_GRACE_S = env_number("SCHEDULE_GRACE_S", 3600)  # ticks missed for no longer are caught up, the last five
KEEP_FIRINGS_DAYS = env_number("KEEP_FIRINGS_DAYS", 7)
FAIL_AT = env("FAIL_AT")  # for fault tests: a file that says "name:nth:times", see core.failpoints

# what the installer of packages for layers needs to reach its index, beside pip's own configuration
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
INSTALLER_ENVIRONMENT = {name: os.environ[name] for name in (*_PROXIES, *_CERTIFICATES) if name in os.environ}

# -- language, time, static files ------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("pt-br", "Português"), ("sv", "Svenska"), ("ja", "日本語")]
LOCALE_PATHS = [BASE_DIR / "console" / "locale"]
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "UserAttributeSimilarityValidator")
]
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "console.sessions"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# No inline script, no inline style; the nonce is for the style sheets the code editor makes while it runs.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

LOGGING: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", "INFO")},
    "loggers": {
        "celery.worker.strategy": {"level": "WARNING"},  # a line for every bell, otherwise
        "celery.app.trace": {"level": "WARNING"},
    },
}
