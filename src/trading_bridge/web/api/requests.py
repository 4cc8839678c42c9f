"""What REST takes: bodies and headers, described for /docs."""

import re
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr

from trading_bridge.domain.errors import InvalidInput

LONGEST_WAIT = 60
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:$|[,;])", re.IGNORECASE)


class BotRequest(BaseModel):
    """A new bot."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {
                "name": "Sharp Spread",
                "account": "client_sharp",
                "connector": "gate_io",
                "pair": "SHARP/USDT",
                "strategy": "spread",
                "config": {
                    "bid_spread": 0.003,
                    "ask_spread": 0.003,
                    "order_amount": 1600,
                    "order_refresh_time": 60,
                },
            }
        },
    )

    name: str = Field(
        description="Name shown to people: free text, 1 to 60 characters, no slashes.", examples=["Sharp Spread"]
    )
    account: str = Field(
        max_length=50,
        description="Account whose exchange keys the bot uses; `GET /accounts` lists them.",
        examples=["client_sharp"],
    )
    connector: str = Field(
        max_length=60, description="Hummingbot's name of the exchange, spot only.", examples=["gate_io"]
    )
    pair: str = Field(max_length=50, description="Trading pair as BASE/QUOTE.", examples=["SHARP/USDT"])
    strategy: str = Field(
        max_length=60, description="Name of the strategy. There is one: `spread`.", examples=["spread"]
    )
    config: dict[str, Any] = Field(
        description="Parameters of the strategy. `spread`: `bid_spread` and `ask_spread` as fractions of the mid price "
        "(0.0001 to 0.1), `order_amount` in the base token (at least the exchange's minimum), `order_refresh_time` in "
        "whole seconds (5 to 3600, default 60), `filled_order_delay` in whole seconds (0 to 3600, default 10).",
        examples=[{"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600, "order_refresh_time": 60}],
    )
    start: bool = Field(True, description="false makes a draft that is started later.", examples=[True])


class AccountRequest(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": {"name": "client_sharp"}})

    name: str = Field(
        description="1 to 50 letters, digits, underscores or hyphens. It names the credentials profile on the "
        "Hummingbot server, too.",
        examples=["client_sharp"],
    )


class CredentialsRequest(RootModel[dict[str, SecretStr]]):
    """The connector's own fields, all of them: for `gate_io` these are `gate_io_api_key` and `gate_io_secret_key`."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"example": {"gate_io_api_key": "<key>", "gate_io_secret_key": "<secret>"}},
    )


def idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="1 to 200 visible ASCII characters of your choice. The same key with the same body answers the "
            "bot that the first request made; with another body it answers 409.",
            examples=["2026-11-21-sharp-spread"],
        ),
    ] = None,
) -> str | None:
    """The checked key. Raises InvalidInput."""
    if key is not None and _KEY.fullmatch(key) is None:
        raise InvalidInput(
            "The Idempotency-Key is not usable.",
            field="Idempotency-Key",
            hint="Use 1 to 200 visible ASCII characters, for example a UUID.",
        )
    return key


def seconds_to_wait(
    prefer: Annotated[
        str | None,
        Header(
            description=f"`wait=N` holds the answer up to N seconds (at most {LONGEST_WAIT}), until the bot has "
            "settled. The answer's `Preference-Applied` tells the N that was used.",
            examples=["wait=30"],
        ),
    ] = None,
) -> int | None:
    """Seconds of `Prefer: wait=N` (RFC 7240), capped. A preference that can't be read is ignored, as the RFC asks."""
    found = _WAIT.search(prefer or "")
    return None if found is None else min(int(found[1]), LONGEST_WAIT)
