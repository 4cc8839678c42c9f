"""What a Hummingbot process finds when it starts: what it will run, or why it exits.

Each way to fail is measured (observed.md section 2): the container exits 1 and only its log file says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from trading_bridge.sandbox.connectors import CONNECTORS
from trading_bridge.sandbox.controllers import CONTROLLERS, PMMV1Config
from trading_bridge.sandbox.exchange import Exchange
from trading_bridge.sandbox.instances import V2_SCRIPT, Instance
from trading_bridge.sandbox.vault import Vault

_EXCHANGE: Final = "hummingbot.connector.exchange"


class BootFailure(Exception):
    """The process exits 1; `str()` goes to its log file."""


@dataclass
class Plan:
    """What the process runs. `greetings` are (level, logger, message) of the start, `complaints` come again
    and again as (logger, message)."""

    configs: list[PMMV1Config]
    greetings: list[tuple[str, str, str]]
    complaints: list[tuple[str, str]]


def plan_of(instance: Instance, exchange: Exchange, vault: Vault) -> Plan:
    """Read the instance's config; raises BootFailure."""
    connected = ("INFO", "hummingbot.client.hummingbot_application", "MQTT Bridge connected with success.")
    if not instance.has_conf:
        raise BootFailure("FileNotFoundError: conf/.password_verification")
    if instance.script_config is None:
        return Plan([], [connected], [])
    script = instance.scripts.get(instance.script_config)
    if script is None:
        raise BootFailure(f"V2 config file not found: conf/scripts/{instance.script_config}")
    if script.get("script_file_name") != V2_SCRIPT:
        notice = f"The sandbox runs {V2_SCRIPT} only; {script.get('script_file_name')!r} idles here."
        return Plan([], [("WARNING", "hummingbot.strategy.strategy_v2_base", notice), connected], [])
    configs = [_config(instance, file) for file in script.get("controllers_config") or []]
    greetings: list[tuple[str, str, str]] = []
    complaints: list[tuple[str, str]] = []
    runnable = []
    for config in configs:
        name = config.connector_name
        stream = _logger(name, "user_stream", "UserStream")
        book = _logger(name, "order_book", "OrderBook")
        if config.trading_pair not in exchange.markets:
            complaints += [
                (book, "Unexpected error occurred subscribing to order book trading and delta streams..."),
                (book, "Unexpected error occurred when listening to order book streams. Retrying in 5 seconds..."),
            ]
            continue
        runnable.append(config)
        greetings += _opening(config, book)
        refusal = vault.refusal(CONNECTORS[name], instance.credentials[name], signed=True)
        if refusal is None:
            greetings.append(("INFO", stream, "Subscribed to private account and orders channels..."))
        else:
            complaints += [
                (stream, "Error authenticating the private websocket connection"),
                (stream, "Unexpected error while listening to user stream. Retrying after 5 seconds..."),
            ]
        not_ready = f"{name} is not ready. Please wait..."
        greetings.append(("WARNING", "hummingbot.strategy.strategy_v2_base", not_ready))
    # One pair that the exchange doesn't have keeps the whole strategy from starting.
    if len(runnable) < len(configs):
        runnable = []
    return Plan(runnable, [*greetings, connected], complaints)


def _opening(config: PMMV1Config, book: str) -> list[tuple[str, str, str]]:
    return [
        (
            "INFO",
            "hummingbot.core.rate_oracle.rate_oracle",
            "Network status has changed to NetworkStatus.CONNECTED. Starting networking...",
        ),
        (
            "INFO",
            "hummingbot.core.data_type.order_book_tracker",
            f"Initialized order book for {config.trading_pair}. 1/1 completed.",
        ),
        ("INFO", book, "Subscribed to public order book and trade channels..."),
    ]


def _logger(connector: str, module: str, stem: str) -> str:
    camel = "".join(part.capitalize() for part in connector.split("_"))
    return f"{_EXCHANGE}.{connector}.{connector}_api_{module}_data_source.{camel}API{stem}DataSource"


def _config(instance: Instance, file: str) -> PMMV1Config:
    content: dict[str, Any] | None = instance.controllers.get(file)
    if content is None:
        raise BootFailure(f"FileNotFoundError: conf/controllers/{file}")
    kind, name = content.get("controller_type", ""), content.get("controller_name", "")
    known = CONTROLLERS.get(str(kind), {})
    if name not in known:
        raise BootFailure(f"The sandbox can't run controller {kind}/{name}; it runs generic/pmm_v1.")
    try:
        config = PMMV1Config(**content)
    except ValueError as error:
        raise BootFailure(f"conf/controllers/{file}: {error}") from error
    if config.connector_name not in CONNECTORS:
        raise BootFailure(f"KeyError: '{config.connector_name}'")
    if config.connector_name not in instance.credentials:
        raise BootFailure(f"API keys required for live trading connector '{config.connector_name}' are missing.")
    return config
