"""What can be done with a bot now, and the question that is asked before it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from trading_bridge.domain.bots import Bot, check_may_archive, check_may_start, check_may_stop
from trading_bridge.domain.errors import IllegalTransition
from trading_bridge.domain.views import BotView
from trading_bridge.web import presentation


@dataclass(frozen=True, slots=True)
class Actions:
    """Which buttons make sense."""

    start: bool
    stop: bool
    archive: bool


def actions_of(bot: Bot) -> Actions:
    """By the same rules as the services."""
    return Actions(_may(check_may_start, bot), _may(check_may_stop, bot), _may(check_may_archive, bot))


def _may(check: Callable[[Bot], None], bot: Bot) -> bool:
    try:
        check(bot)
    except IllegalTransition:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the object, the consequence, and what each button does."""

    title: str
    consequence: str
    yes: str
    busy: str
    no: str


def stop_question(view: BotView) -> Question:
    """Asked before a stop."""
    bot, figures = view.bot, view.figures
    held = figures.position.amount
    kept = f" The {presentation.amount(held)} {bot.pair.base} it has bought stay in the account." if held > 0 else ""
    return Question(
        title=f"Stop “{bot.name}”?",
        consequence=f"Its open orders on {bot.connector} {bot.pair} are cancelled and it quotes no more.{kept} "
        "Nothing is sold or bought. It takes about 15 seconds.",
        yes="Stop and cancel orders",
        busy="Stopping…",
        no="Keep it trading",
    )


def archive_question(view: BotView) -> Question:
    """Asked before a bot is put away."""
    bot = view.bot
    live = actions_of(bot).stop
    first = "It is stopped first and its orders are cancelled. " if live else ""
    return Question(
        title=f"Archive “{bot.name}”?",
        consequence=f"{first}Its container is removed from the server and the bot leaves the list for good; it can "
        "not be started again. Its fills, P&L and timeline are kept.",
        yes="Stop and archive" if live else "Archive",
        busy="Archiving…",
        no="Keep it",
    )
