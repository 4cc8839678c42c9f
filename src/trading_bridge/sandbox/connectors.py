"""The connector names under which the simulated exchange is offered, and the sandbox's own API keys.

Field names: GET /connectors/{connector}/config-map of Hummingbot API (measured: hummingbot-api.md, "Exchanges").
Keys are obvious fakes: `sandbox-gate-key` and so on; they open nothing but this simulation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from trading_bridge.sandbox.exchange import ApiKey, Exchange


@dataclass(frozen=True)
class ConnectorSpec:
    """One connector. `memo_field` is the third secret where the exchange has one.

    `signed_check`: whether adding keys proves the secret too (gate_io: yes, bitmart: no; measured,
    observed.md sections 1 and 6b). `order_id_prefix` and `order_id_length` shape client order ids.
    """

    name: str
    slug: str
    config_class: str
    key_field: str
    secret_field: str
    memo_field: str | None
    signed_check: bool
    order_id_prefix: str
    order_id_length: int
    order_types: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields of the config map, in its order."""
        return tuple(f for f in (self.key_field, self.secret_field, self.memo_field) if f is not None)


_SPOT_TYPES = ("LIMIT", "MARKET", "LIMIT_MAKER")

CONNECTORS: Final[dict[str, ConnectorSpec]] = {
    spec.name: spec
    for spec in (
        ConnectorSpec(
            "gate_io", "gate", "GateIOConfigMap", "gate_io_api_key", "gate_io_secret_key", None,
            True, "t-HBOT", 30, _SPOT_TYPES,
        ),
        ConnectorSpec(
            "bitmart", "bitmart", "BitmartConfigMap", "bitmart_api_key", "bitmart_secret_key", "bitmart_memo",
            False, "", 32, ("LIMIT", "MARKET", "LIMIT_MAKER"),
        ),
        ConnectorSpec(
            "kucoin", "kucoin", "KuCoinConfigMap", "kucoin_api_key", "kucoin_secret_key", "kucoin_passphrase",
            True, "", 40, _SPOT_TYPES,
        ),
        ConnectorSpec(
            "mexc", "mexc", "MexcConfigMap", "mexc_api_key", "mexc_api_secret", None,
            True, "HUMBOT", 32, _SPOT_TYPES,
        ),
        ConnectorSpec(
            "bitget", "bitget", "BitgetConfigMap", "bitget_api_key", "bitget_secret_key", "bitget_passphrase",
            True, "", 32, _SPOT_TYPES,
        ),
        ConnectorSpec(
            "binance", "binance", "BinanceConfigMap", "binance_api_key", "binance_api_secret", None,
            True, "x-MG43PCSN", 32, _SPOT_TYPES,
        ),
    )
}  # fmt: skip

FUNDS: Final[Mapping[str, Decimal]] = {
    "SHARP": Decimal(200_000),
    "USDT": Decimal(20_000),
    "BTC": Decimal("0.5"),
    "ETH": Decimal(5),
    "SOL": Decimal(50),
}
POOR: Final[Mapping[str, Decimal]] = {"SHARP": Decimal(10), "USDT": Decimal(1)}
# From a documentation range (RFC 5737): no caller ever has it.
ALLOWED_ADDRESS: Final = "203.0.113.7"

# role -> (exchange account, may trade, may withdraw, allowed addresses)
ROLES: Final[dict[str, tuple[str, bool, bool, tuple[str, ...]]]] = {
    "main": ("main", True, False, ()),
    "second": ("second", True, False, ()),
    "poor": ("poor", True, False, ()),
    "readonly": ("second", False, False, ()),
    "withdraw": ("second", True, True, ()),
    "ip": ("second", True, False, (ALLOWED_ADDRESS,)),
}


def owner_of(connector: str, account: str = "main") -> str:
    """Name of an account on the simulated exchange; each connector has its own, so money is not shared."""
    return f"{connector}:{account}"


def sandbox_credentials(connector: str, role: str = "main") -> dict[str, str]:
    """The fields to send to add-credential for one of the sandbox's own keys; `role` is one of ROLES."""
    spec = CONNECTORS[connector]
    stem = f"sandbox-{spec.slug}" if role == "main" else f"sandbox-{spec.slug}-{role}"
    fields = {spec.key_field: f"{stem}-key", spec.secret_field: f"{stem}-secret"}
    if spec.memo_field is not None:
        fields[spec.memo_field] = f"{stem}-memo"
    return fields


def seed_exchange(exchange: Exchange) -> None:
    """Open the funded accounts and hand out the sandbox's keys."""
    for spec in CONNECTORS.values():
        for account, funds in (("main", FUNDS), ("second", FUNDS), ("poor", POOR)):
            exchange.open_account(owner_of(spec.name, account), funds)
        for role, (account, can_trade, can_withdraw, addresses) in ROLES.items():
            fields = sandbox_credentials(spec.name, role)
            exchange.keys.add(
                ApiKey(
                    key=fields[spec.key_field],
                    secret=fields[spec.secret_field],
                    memo=fields[spec.memo_field] if spec.memo_field else "",
                    owner=owner_of(spec.name, account),
                    can_trade=can_trade,
                    can_withdraw=can_withdraw,
                    allowed_ips=addresses,
                )
            )
