"""The one settings file. A fresh clone runs with no environment at all; every variable is described in .env.example."""

from pathlib import Path
from urllib.parse import urlsplit

import environ

from realtime.config import MEDICAL_PERSONA, EngineConfig, RealtimeConfig, price_table
from realtime.prices import PRICES
from voiceassist import __version__, env

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_dotenv(BASE_DIR / ".env")
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).absolute()
"""Everything this server keeps: the database, the secret key, the gathered static files."""

# --- Where we are -----------------------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", False)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, at_least=1, at_most=65535)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
SERVED_OVER_TLS = _public.scheme == "https"
_local = {"127.0.0.1", "localhost", "[::1]"}
_hosts = {_public.hostname or "127.0.0.1"}
if _hosts & _local:
    _hosts |= _local
ALLOWED_HOSTS = sorted(_hosts)
_port = f":{_public.port}" if _public.port else ""
ALLOWED_ORIGINS = sorted(f"{_public.scheme}://{host}{_port}" for host in _hosts)
"""Scheme, host and port of every page that may open our socket."""
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")
DRAIN_SECONDS = env.integer("DRAIN_SECONDS", 25)
"""How long live sessions may finish what they are saying once the server has been told to stop."""
REALTIME_SOCKETS = env.integer("REALTIME_SOCKETS", 1000, at_least=1)
"""How many sockets this process takes at a time."""
METRICS_TOKEN = env.text("METRICS_TOKEN")
"""What a scraper of /metrics shows as its bearer token; without one only staff sees that page."""

# --- Secrets and cookies ----------------------------------------------------------------------------------------

SECRET_KEY = env.secret("SECRET_KEY", kept_in=VAR_DIR / "secret-key")
_prefix = "__Host-" if SERVED_OVER_TLS else ""
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
LANGUAGE_COOKIE_NAME = f"{_prefix}language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SERVED_OVER_TLS
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
SECURE_SSL_REDIRECT = SERVED_OVER_TLS
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SERVED_OVER_TLS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^health/ready$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- The house --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "voiceassist",
    # After ours, whose `runserver` knows sockets.
    "django.contrib.staticfiles",
    "conversations.apps.ConversationsConfig",
    "realtime.apps.RealtimeAppConfig",
]
MIDDLEWARE = [
    "voiceassist.probes.AnyHost",
    "django.middleware.security.SecurityMiddleware",
    # Before the policies: a page says what it may do, and a hundred scripts need not repeat it.
    "voiceassist.staticfiles.StaticFiles",
    "voiceassist.compression.CompressedPages",
    "voiceassist.headers.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "voiceassist.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "voiceassist.urls"
ASGI_APPLICATION = "voiceassist.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "chat"
LOGOUT_REDIRECT_URL = "login"
SIGNUP_ENABLED = env.flag("SIGNUP_ENABLED", False)
LANGUAGE_CODE = "en"
# Only what is translated throughout; half a page in another language helps nobody. Each by its own name.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "voiceassist" / "locale"]
FORMAT_MODULE_PATH = "voiceassist.formats"
TIME_ZONE = "UTC"
USE_TZ = True

# --- State: one machine needs nothing, more need PostgreSQL and Redis --------------------------------------------

_database_url = env.text("DATABASE_URL")
_pool_size = env.integer("DATABASE_POOL_SIZE", 10, at_least=1)
if _database_url:
    _database = environ.Env.db_url_config(_database_url)
else:
    VAR_DIR.mkdir(exist_ok=True)
    _database = {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "voiceassist.sqlite3"}
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database |= {
        "OPTIONS": {
            # With the default transaction mode, concurrent appends fail with "database is locked".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # What is deleted is overwritten in the file, too; not every SQLite does so by itself.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
        },
        # Django's in-memory test database has no busy timeout, so threads would collide in it.
        "TEST": {"NAME": f"{_database['NAME']}.test"},
    }
elif _database["ENGINE"] == "django.db.backends.postgresql":
    from voiceassist.postgres import Connection

    # Under ASGI persistent connections belong to no one; the driver's pool, health-checked, survives a restart of the
    # database without losing a query.
    _database |= {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": _pool_size,
                # Together with the check of a connection less than the 3.5 seconds in which a request is answered.
                "timeout": 2.5,
                # The pool's own pauses double up to five minutes, long after the database is back.
                "reconnect_timeout": 2,
                "connection_class": Connection,
            },
            "connect_timeout": 3,
            # A machine that vanished; one whose database hangs is noticed by our connection class.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
        }
        # What the address says in its query, such as sslmode=verify-full.
        | _database.get("OPTIONS", {}),
    }
DATABASES = {"default": _database}

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # Without these a Redis that hangs would hang every request that counts against a limit.
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 15, "socket_connect_timeout": 3}]},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- Static files -----------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "voiceassist.worklets.WorkletFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "voiceassist.staticfiles.ModuleManifestStorage"
    },
}

# --- The API ----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["voiceassist.limits.AtomicScopedThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "realtime-session": env.text("REALTIME_SESSION_RATE", "20/min"),
        # Taking out or erasing all that is held reads or writes a great deal.
        "personal-data": "20/hour",
        "erasure": "20/hour",
    },
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "voiceassist.api_errors.answer",
    # `?format=` is the format of an export, not of the framework's own pages.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VoiceAssist",
    "VERSION": __version__,
    "DESCRIPTION": "Realtime voice conversations, self-hosted.",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
SIMPLE_JWT = {
    "SIGNING_KEY": SECRET_KEY,
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "AUDIENCE": PUBLIC_URL,
    "ISSUER": PUBLIC_URL,
}

# --- Keeping ----------------------------------------------------------------------------------------------------

TRANSCRIPT_RETENTION_DAYS = env.optional_integer("TRANSCRIPT_RETENTION_DAYS", at_least=1)
"""How long what was said is kept; None: until its owner deletes it."""

# --- Speaking ---------------------------------------------------------------------------------------------------

_openai_key = env.text("OPENAI_API_KEY")
_realtime_key = env.text("REALTIME_API_KEY")
_provider = env.choice(
    "REALTIME_PROVIDER",
    "openai" if _openai_key else "embedded",
    ("openai", "azure", "compatible", "embedded"),
)
_is_openais = not _realtime_key and (bool(_openai_key) or _provider == "openai")
REALTIME = RealtimeConfig(
    enabled=env.flag("REALTIME_ENABLED", True),
    provider=_provider,
    model=env.text("REALTIME_MODEL", "gpt-realtime-2.1"),
    base_url=env.text("REALTIME_BASE_URL", "wss://api.openai.com/v1/realtime"),
    dialect=env.choice("REALTIME_DIALECT", "auto", ("auto", "ga", "beta")),
    api_key_header=env.text("REALTIME_API_KEY_HEADER"),
    api_key=_realtime_key or _openai_key,
    api_key_variable="OPENAI_API_KEY" if _is_openais else "REALTIME_API_KEY",
    token_expiry_sec=env.integer("REALTIME_TOKEN_EXPIRY_SEC", 300, at_least=1),
    voice=env.text("REALTIME_VOICE"),
    transcription_model=env.text("REALTIME_TRANSCRIPTION_MODEL"),
    language=env.text("REALTIME_LANGUAGE"),
    instructions=env.text("REALTIME_INSTRUCTIONS", MEDICAL_PERSONA),
    history_tokens=env.integer("REALTIME_HISTORY_TOKENS", 6000),
    sessions_per_user=env.integer("REALTIME_SESSIONS_PER_USER", 2, at_least=1),
    minutes_per_day=env.optional_integer("REALTIME_MINUTES_PER_DAY"),
    idle_minutes=env.integer("REALTIME_IDLE_MINUTES", 10, at_least=1),
    session_hours=env.integer("REALTIME_SESSION_HOURS", 12, at_least=1),
    # The operator's own first: of two prices for one model the first counts. Compatible servers have models under
    # OpenAI's names and not at OpenAI's prices.
    prices=env.parsed("REALTIME_PRICES", price_table, "[]")
    + (PRICES if _provider in ("openai", "azure") else ()),
    public_url=PUBLIC_URL,
    identifier_salt=SECRET_KEY,
    engine=EngineConfig(
        chat_base_url=env.text("ENGINE_CHAT_BASE_URL"),
        chat_model=env.text("ENGINE_CHAT_MODEL"),
        chat_api_key=env.text("ENGINE_CHAT_API_KEY"),
        speech_sessions=env.integer("ENGINE_SPEECH_SESSIONS", 4, at_least=1),
    ),
)

# --- Logs -------------------------------------------------------------------------------------------------------

_LINES: dict[str, dict[str, str]] = {
    "plain": {
        "()": "voiceassist.logs.PlainFormatter",
        "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s",
    },
    "json": {"()": "voiceassist.logs.JsonFormatter"},
}
LOG_FORMAT = env.choice("LOG_FORMAT", "plain", tuple(_LINES))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "voiceassist.logs.SecretsFilter"}},
    "formatters": {"line": _LINES[LOG_FORMAT]},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # A line for each answer is for programs; people are shown those that refuse somebody (voiceassist.refusals).
        "voiceassist.requests": {"level": "INFO" if LOG_FORMAT == "json" else "WARNING"},
        # While their server is away both write a traceback or a warning a second; we say it once, in words.
        "channels_redis": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},
    },
}
