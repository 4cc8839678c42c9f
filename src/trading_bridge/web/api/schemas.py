"""What REST answers, described field by field for /docs. The answers themselves are made in `answers`; a test holds
every real answer against these schemas."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from trading_bridge.domain.bots import Desired, Status
from trading_bridge.domain.fills import FillSource, Side
from trading_bridge.domain.operations import EventState

_AT = "2026-11-21T12:03:41.250000Z"
_DECIMAL = r"^-?\d+(\.\d+)?$"

Money = Annotated[str, Field(pattern=_DECIMAL, examples=["12.3456"])]
Price = Annotated[str, Field(pattern=_DECIMAL, examples=["0.04988"])]
Amount = Annotated[str, Field(pattern=_DECIMAL, examples=["1600"])]
Time = Annotated[AwareDatetime, Field(examples=[_AT])]


class Described(BaseModel):
    """Base of all answers: no field is there that is not described."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(Described):
    """What went wrong."""

    code: str = Field(description="Stable word for programs; docs/errors.md lists all.", examples=["unknown_account"])
    message: str = Field(description="What happened, for a person.", examples=["There is no account “acme”."])
    field: str | None = Field(description="The field at fault, if there is one.", examples=["account"])
    hint: str | None = Field(
        description="What to do about it.", examples=["GET /accounts lists them; POST /accounts makes one."]
    )


class ErrorAnswer(Described):
    """The one shape of every failure."""

    error: ErrorDetail = Field(description="What went wrong, where, and what to do.")


class NoticeAnswer(Described):
    """A dated fact about the exchange that matters to whoever trades there."""

    connector: str = Field(description="The connector that it is about.", examples=["bitmart"])
    severity: str = Field(description="`warning`, or `closed`: nothing trades there any more.", examples=["closed"])
    title: str = Field(description="In a few words.", examples=["BitMart has ended trading"])
    text: str = Field(description="In a sentence or two.", examples=["BitMart ended all trading on 2026-08-26."])
    announced: str = Field(description="Day of the announcement.", examples=["2026-07-26"])
    effective: str = Field(description="Day from which it holds.", examples=["2026-08-26"])
    source: str = Field(description="Where it is from.", examples=["BitMart's own notice of 2026-07-26"])


class FiguresAnswer(Described):
    """The most used numbers of a bot. Exact decimals as strings; null is unknown, never zero."""

    mid: Price | None = Field(description="Mid price of the market, quote per base.")
    mid_at: Time | None = Field(description="When the mid price was read.")
    own_bid: Price | None = Field(description="Best own bid, as the bot's log tells it.")
    own_ask: Price | None = Field(description="Best own ask, as the bot's log tells it.")
    position: Amount = Field(description="Base token held since the first fill; negative when more was sold.")
    realised: Money = Field(description="Realised P&L in quote, before fees, by average cost.")
    unrealised: Money | None = Field(description="Unrealised P&L in quote at the mid price.")
    fees: Money = Field(description="Fees paid, in quote.")
    net: Money | None = Field(description="Realised + unrealised - fees, in quote.")
    pnl_today: Money | None = Field(description="Change of `net` since 00:00 UTC, in quote.")
    volume: Money = Field(description="Volume filled since the first fill, in quote.")
    volume_24h: Money = Field(description="Volume filled in the last 24 hours, in quote.")
    fills: int = Field(description="Number of fills.", examples=[42])
    last_fill_at: Time | None = Field(description="Time of the newest fill.")


class BotAnswer(Described):
    """A bot: what was asked for, where it stands, and its main figures."""

    id: str = Field(description="Its id.", examples=["bot_7m2k4qj0c9v5x8w1r3t6"])
    name: str = Field(description="Name shown to people.", examples=["Sharp Spread"])
    account: str = Field(description="Account whose keys it uses.", examples=["client_sharp"])
    connector: str = Field(description="Hummingbot's name of the exchange.", examples=["gate_io"])
    pair: str = Field(description="Trading pair as BASE/QUOTE.", examples=["SHARP/USDT"])
    strategy: str = Field(description="Name of its strategy.", examples=["spread"])
    config: dict[str, Any] = Field(
        description="Parameters of the strategy with defaults filled in, as exact JSON numbers.",
        examples=[{"bid_spread": 0.003, "ask_spread": 0.003, "order_amount": 1600, "order_refresh_time": 60}],
    )
    desired: Desired = Field(description="What the operator wants of it.", examples=["running"])
    status: Status = Field(
        description="Where it stands. `running` only after its controller has reported.", examples=["running"]
    )
    status_reason: str = Field(description="Why, in plain words.", examples=["Its strategy is reporting."])
    status_code: str = Field(description="Why, as a stable word.", examples=["trading"])
    status_since: Time = Field(description="When it got this status.")
    created_at: Time = Field(description="When it was created.")
    updated_at: Time = Field(description="When its record last changed.")
    notices: list[NoticeAnswer] = Field(description="Dated facts about its exchange.", examples=[[]])
    as_of: Time | None = Field(description="Time of the newest evidence about it.")
    stale: bool = Field(
        description="Whether that evidence is older than 30 s although it should live.", examples=[False]
    )
    figures: FiguresAnswer = Field(description="Its main figures.")


class BotListAnswer(Described):
    """One page of bots, oldest first."""

    bots: list[BotAnswer] = Field(description="The bots of this page.")
    total: int = Field(description="Bots that match the filter, on all pages.", examples=[1])
    limit: int = Field(description="The page size used.", examples=[100])
    offset: int = Field(description="Bots left out before this page.", examples=[0])
    as_of: Time | None = Field(description="Time of the newest good answer of the Hummingbot API.")
    stale: bool = Field(description="Whether that is older than 30 s.", examples=[False])


class FillAnswer(Described):
    """One execution of an order, as the exchange numbered it."""

    trade_id: str = Field(description="The exchange's number of it.", examples=["11223344"])
    side: Side = Field(description="Seen from the bot.", examples=["buy"])
    price: Price = Field(description="Quote per base.")
    amount: Amount = Field(description="Amount in base.")
    quote_amount: Money = Field(description="price x amount, in quote.", examples=["79.808"])
    fee: Money | None = Field(description="Fee in `fee_token`.", examples=["0.079808"])
    fee_token: str | None = Field(description="Token that the fee was paid in.", examples=["USDT"])
    at: Time = Field(description="Time of the execution.")
    source: FillSource = Field(
        description="`history`: the running bot, exact. `archive`: its database, rounded.", examples=["history"]
    )
    approximate: bool = Field(description="Whether digits were lost before it reached us.", examples=[False])


class FillListAnswer(Described):
    """Fills of a bot, newest first."""

    fills: list[FillAnswer] = Field(description="The fills of this page.")
    next: str | None = Field(
        description="Give this as `before` to get the page after this one; null on the last.", examples=["11223344"]
    )


class ReportedAnswer(Described):
    """Hummingbot's own figures of the running controller, in quote; its P&L is before fees."""

    realised: Money = Field(description="Realised P&L before fees.")
    unrealised: Money = Field(description="Unrealised P&L.")
    volume: Money = Field(description="Volume traded since this start.")
    fees: Money | None = Field(description="Fees since this start.")


class PerformanceAnswer(FiguresAnswer):
    """P&L of a bot from its own fills, by average cost. All money in `quote_token`."""

    bot_id: str = Field(description="The bot.", examples=["bot_7m2k4qj0c9v5x8w1r3t6"])
    base_token: str = Field(description="Token of amounts.", examples=["SHARP"])
    quote_token: str = Field(description="Token of money and prices.", examples=["USDT"])
    average_cost: Price | None = Field(description="Average cost of the position, quote per base.")
    buys: int = Field(description="Number of buying fills.", examples=[21])
    sells: int = Field(description="Number of selling fills.", examples=[21])
    fees_complete: bool = Field(
        description="False once a fee was unknown or in a token that has no price here.", examples=[True]
    )
    approximate: bool = Field(description="Whether a fill with lost digits is part of it.", examples=[False])
    reported: ReportedAnswer | None = Field(description="Hummingbot's own figures, while the bot reports.")
    as_of: Time | None = Field(description="Time of the newest evidence about the bot.")
    stale: bool = Field(description="Whether that is older than 30 s although it should live.", examples=[False])


class LogLineAnswer(Described):
    """One line of the bot's log; a traceback is inside `message`."""

    at: Time = Field(description="When it was written.")
    level: str = Field(description="Python's level.", examples=["INFO"])
    logger: str = Field(description="Who wrote it.", examples=["hummingbot.strategy_v2"])
    message: str = Field(description="What it says.", examples=["Created LIMIT BUY order 0a1b for 1600 SHARP-USDT."])


class LogAnswer(Described):
    """Newest log lines of a bot, newest last."""

    lines: list[LogLineAnswer] = Field(description="The lines.")
    as_of: Time | None = Field(description="When they were read.")
    live: bool = Field(description="Read from the running bot; false: as kept at its end.", examples=[True])


class TimelineEventAnswer(Described):
    """A step of a start, stop or archive with its time, or something that happened."""

    id: int = Field(description="Grows with time.", examples=[17])
    at: Time = Field(description="When.")
    kind: str = Field(description="`deploy`, `stop`, `retire`, `archive`, or `status`.", examples=["deploy"])
    step: str = Field(description="The step as a stable word.", examples=["container"])
    state: EventState = Field(description="How the step stands.", examples=["done"])
    message: str = Field(description="In plain words.", examples=["Container up"])
    actor: str | None = Field(description="Who asked for it, if a person or a token did.", examples=["token:admin"])
    operation_id: str | None = Field(description="The operation it belongs to.", examples=["op_1x5w0c8f9r2t7k3m6q4v"])


class TimelineAnswer(Described):
    """What happened to a bot, oldest first."""

    events: list[TimelineEventAnswer] = Field(description="The events.")


class SampleAnswer(Described):
    """One point of a bot's chart."""

    at: Time = Field(description="When it was taken.")
    mid: Price | None = Field(description="Mid price.")
    own_bid: Price | None = Field(description="Best own bid.")
    own_ask: Price | None = Field(description="Best own ask.")
    net: Money | None = Field(description="Net P&L in quote.")


class SampleListAnswer(Described):
    """A bot's chart, oldest first, about a point every 5 s while it lives."""

    samples: list[SampleAnswer] = Field(description="The points.")


class AccountAnswer(Described):
    """An account: a credentials profile of the Hummingbot server."""

    name: str = Field(description="Its name.", examples=["client_sharp"])
    connectors: list[str] = Field(description="Connectors that it holds keys for.", examples=[["gate_io"]])
    present: bool | None = Field(description="Whether the server has it; null: not looked yet.", examples=[True])
    seen_at: Time | None = Field(description="When the server was last asked.")
    created_at: Time = Field(description="When the bridge came to know it.")


class AccountListAnswer(Described):
    """All accounts, by name."""

    accounts: list[AccountAnswer] = Field(description="The accounts.")


class ServerAnswer(Described):
    """Health of one Hummingbot API."""

    id: str = Field(description="Its id.", examples=["default"])
    reachable: bool | None = Field(description="Whether it answers; null: not asked yet.", examples=[True])
    since: Time | None = Field(description="Since when.")
    as_of: Time | None = Field(description="Time of its newest good answer.")
    latency_ms: float | None = Field(description="How long that took.", examples=[12.5])
    mqtt: str = Field(
        description="`alive`, `silent` or `unknown`, judged by the age of the bots' messages.", examples=["alive"]
    )
    mqtt_heard_at: Time | None = Field(description="Time of the newest message of any bot.")
    docker: bool | None = Field(description="Whether it reaches Docker.", examples=[True])
    version: str | None = Field(description="Its version as it tells it.", examples=["1.0.1"])
    failure: str | None = Field(description="What is wrong, in plain words.", examples=[None])
    failure_code: str | None = Field(description="What is wrong, as a stable word.", examples=[None])


class DatabaseAnswer(Described):
    """Health of the database."""

    kind: str = Field(description="`sqlite` or `postgresql`.", examples=["sqlite"])
    ok: bool = Field(description="Whether it answers.", examples=[True])


class StatusAnswer(Described):
    """Health of the whole."""

    version: str = Field(description="Version of the bridge.", examples=["0.1.0"])
    started_at: Time = Field(description="When this process started.")
    now: Time = Field(description="The bridge's clock.")
    database: DatabaseAnswer = Field(description="Its database.")
    servers: list[ServerAnswer] = Field(description="Its Hummingbot APIs.")


class HealthAnswer(Described):
    """For probes."""

    status: str = Field(description="`ok`.", examples=["ok"])
