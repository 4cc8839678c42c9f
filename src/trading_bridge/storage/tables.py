"""The tables, as SQLAlchemy Core. `migrations/` brings a database here; a test fails when the two differ."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from trading_bridge.storage.types import ExactDecimal, ExactJson, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("server_id", String(40), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("present", Boolean),
    Column("connectors", ExactJson, nullable=False),
    Column("seen_at", UtcDateTime),
)

bots = Table(
    "bots",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("upstream_key", String(40), nullable=False, unique=True),
    Column("server_id", String(40), nullable=False),
    Column("account", String(50), nullable=False, index=True),
    Column("connector", String(60), nullable=False),
    Column("pair", String(41), nullable=False),
    Column("strategy", String(40), nullable=False),
    Column("config", ExactJson, nullable=False),
    Column("desired", String(20), nullable=False),
    Column("status", String(20), nullable=False, index=True),
    Column("reason_code", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("status_since", UtcDateTime, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("instance_name", String(100)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("bot_id", ForeignKey("bots.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("step", String(30), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("instance_name", String(100)),
    Column("tries", Integer, nullable=False),
    Column("not_before", UtcDateTime),
    Column("step_since", UtcDateTime, nullable=False),
    Column("error_code", String(60)),
    Column("error", Text),
    Column("actor", Text, nullable=False),
    Column("request_id", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Index("ix_operations_bot_id_state", "bot_id", "state"),
    Index("ix_operations_state", "state"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot_id", ForeignKey("bots.id"), nullable=False),
    Column("operation_id", String(100)),  # or the instance whose first order it was
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("step", String(30), nullable=False),
    Column("state", String(20), nullable=False),
    Column("message", Text, nullable=False),
    Column("actor", Text),
    Index("ix_timeline_bot_id_id", "bot_id", "id"),
    sqlite_autoincrement=True,
)

fills = Table(
    "fills",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot_id", ForeignKey("bots.id"), nullable=False),
    Column("connector", String(60), nullable=False),
    Column("account", String(50), nullable=False),
    Column("trade_id", String(120), nullable=False),
    Column("pair", String(41), nullable=False),
    Column("side", String(4), nullable=False),
    Column("price", ExactDecimal, nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("fee", ExactDecimal),
    Column("fee_token", String(40)),
    Column("at", UtcDateTime, nullable=False),
    Column("source", String(20), nullable=False),
    Column("approximate", Boolean, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    # with the pair: some exchanges (Binance spot) number trades per pair
    UniqueConstraint("connector", "account", "pair", "trade_id"),
    Index("ix_fills_bot_id_at", "bot_id", "at"),
    sqlite_autoincrement=True,
)

samples = Table(
    "samples",
    metadata,
    Column("bot_id", ForeignKey("bots.id"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("mid", ExactDecimal),
    Column("own_bid", ExactDecimal),
    Column("own_ask", ExactDecimal),
    Column("net", ExactDecimal),
    Column("quoting", Boolean),
)

log_tails = Table(
    "log_tails",
    metadata,
    Column("bot_id", ForeignKey("bots.id"), primary_key=True),
    Column("instance_name", String(100), nullable=False),
    Column("lines", ExactJson, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("owner", String(300), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("bot_id", ForeignKey("bots.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_sign_in_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("scopes", ExactJson, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
)

sign_in_throttle = Table(
    "sign_in_throttle",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
)
