"""A bot's own directory on the Hummingbot host: the copy of its config, and the database of its fills."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from trading_bridge.sandbox.exchange import Trade
from trading_bridge.sandbox.positions import Ledger

TRADES_PER_CHUNK: Final = 500
LOG_LINES_KEPT: Final = 500
V2_SCRIPT: Final = "v2_with_controllers.py"


@dataclass(frozen=True)
class Fill:
    """A row of the bot's own trade table; amount in base, fee in `fee_token`, time in Unix milliseconds."""

    trade_id: str
    order_id: str
    connector: str
    pair: str
    side: str
    price: str
    amount: str
    fee: str
    fee_token: str
    at_ms: int
    maker: bool

    @classmethod
    def of(cls, trade: Trade, connector: str) -> Fill:
        """The row of a trade."""
        return cls(
            trade.id,
            trade.client_order_id,
            connector,
            trade.pair,
            trade.side.value,
            format(trade.price, "f"),
            format(trade.amount, "f"),
            format(trade.fee, "f"),
            trade.fee_token,
            round(trade.at.timestamp() * 1000),
            trade.maker,
        )

    def history_row(self) -> dict[str, Any]:
        """As the bot's history gives it (measured: observed.md section 4)."""
        base, quote = self.pair.split("-")
        return {
            "market": self.connector,
            "trade_id": self.trade_id,
            "price": positional(self.price),
            "quantity": positional(self.amount),
            "symbol": self.pair,
            "trade_timestamp": self.at_ms,
            "trade_type": self.side,
            "base_asset": base,
            "quote_asset": quote,
            "raw_json": {
                "trade_fee": {
                    "fee_type": "AddedToCost" if self.side == "BUY" else "DeductedFromReturns",
                    "percent": "0",
                    "percent_token": self.fee_token,
                    "flat_fees": [{"token": self.fee_token, "amount": self.fee}],
                }
            },
        }


def positional(number: str) -> str:
    """numpy's spelling of a float: `1600.` for a whole number, no trailing zeros otherwise."""
    text = format(Decimal(number), "f")
    return text.rstrip("0") if "." in text else f"{text}."


@dataclass
class Instance:
    """`has_conf` False is the litter of a failed deploy. `scripts` and `controllers` are file -> content."""

    name: str
    profile: str
    has_conf: bool = False
    credentials: dict[str, dict[str, str]] = field(default_factory=dict)
    scripts: dict[str, dict[str, Any]] = field(default_factory=dict)
    controllers: dict[str, dict[str, Any]] = field(default_factory=dict)
    script_config: str | None = None
    orders_created: int = 0
    fills: list[Fill] = field(default_factory=list)
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    log_file: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES_KEPT))
    stored_fills: int = 0
    changed: bool = True

    @property
    def names_controllers(self) -> bool:
        """Whether its script config names any controller, found or not: only then there is a folder for them."""
        script = self.scripts.get(self.script_config or "", {})
        return bool(script.get("controllers_config"))

    def take_changed(self) -> bool:
        """Whether there is something to store since the last time this was asked."""
        changed = self.changed or any(ledger.changed for ledger in self.ledgers.values())
        self.changed = False
        for ledger in self.ledgers.values():
            ledger.changed = False
        return changed

    def ledger(self, config_id: str) -> Ledger:
        """The ledger of a controller, opened when new."""
        return self.ledgers.setdefault(config_id, Ledger())

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy without the fills."""
        return {
            "name": self.name,
            "profile": self.profile,
            "has_conf": self.has_conf,
            "credentials": self.credentials,
            "scripts": self.scripts,
            "controllers": self.controllers,
            "script_config": self.script_config,
            "orders_created": self.orders_created,
            "ledgers": {name: ledger.snapshot() for name, ledger in self.ledgers.items()},
            "log_file": list(self.log_file),
        }

    def fill_documents(self) -> dict[str, list[list[Any]]]:
        """The chunks of fills that are not stored yet, by document name."""
        first = self.stored_fills // TRADES_PER_CHUNK
        found: dict[str, list[list[Any]]] = {}
        if len(self.fills) > self.stored_fills:
            for number in range(first, (len(self.fills) - 1) // TRADES_PER_CHUNK + 1):
                rows = self.fills[number * TRADES_PER_CHUNK : (number + 1) * TRADES_PER_CHUNK]
                found[f"fills:{self.name}:{number:06d}"] = [list(vars(row).values()) for row in rows]
        self.stored_fills = len(self.fills)
        return found

    @classmethod
    def restored(cls, data: Mapping[str, Any], fills: list[list[Any]]) -> Instance:
        """The instance that `snapshot` saw, with its fills in order."""
        instance = cls(
            name=data["name"],
            profile=data["profile"],
            has_conf=data["has_conf"],
            credentials=data["credentials"],
            scripts=data["scripts"],
            controllers=data["controllers"],
            script_config=data["script_config"],
            orders_created=data["orders_created"],
            fills=[Fill(*row) for row in fills],
            ledgers={name: Ledger.restored(ledger) for name, ledger in data["ledgers"].items()},
            log_file=deque(data["log_file"], maxlen=LOG_LINES_KEPT),
        )
        instance.stored_fills = len(instance.fills)
        return instance
