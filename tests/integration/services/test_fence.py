"""A deploy whose answer is lost: never two that trade, found by its name, or tried again under the next one."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.firm import ANA, PATIENCE, Firm, firm
from tests.support.waiting import eventually
from trading_bridge.domain.bots import Bot, Status
from trading_bridge.services.starting import MOST_ATTEMPTS
from trading_bridge.storage.operations import OperationRepository

DEPLOY = "/bot-orchestration/deploy-v2-controllers"
DEADLINES = {DEPLOY: 0.4}  # in place of 180 s


async def trading(house: Firm, bot: Bot) -> list[str]:
    """Containers of this bot that run, of whatever attempt."""
    return [
        name for name, state in (await house.containers()).items() if state == "active" and bot.upstream_key in name
    ]


async def nothing_open(house: Firm) -> None:
    async with house.runtime.database.reading() as connection:
        assert await OperationRepository(connection).open() == []


def rule(action: str, when: str, **fields: Any) -> dict[str, Any]:
    return {"path": DEPLOY, "action": action, "when": when, "times": 1, **fields}


@pytest.mark.parametrize(
    "fault",
    [
        rule("drop", "after"),
        rule("status", "after", status=500, body="Read timed out. (read timeout=60)"),
        rule("status", "after", status=502),
        rule("html", "after", status=504),
        rule("html", "after", status=200),
        rule("latency", "after", seconds=1.5),
    ],
    ids=lambda fault: f"{fault['action']}-{fault.get('status', '')}",
)
async def test_a_deploy_that_happened_is_found_by_its_name(tmp_path: Path, fault: dict[str, Any]) -> None:
    async with firm(tmp_path, deadlines=DEADLINES) as house:
        house.sandbox.faults(rules=[fault])
        bot_id = await house.create()

        bot = (await house.status(bot_id, Status.RUNNING)).bot

        assert bot.generation == 1
        assert await trading(house, bot) == [bot.instance_name]
        told = [event.message for event in await house.bots.timeline(bot_id)]
        assert "Deploy accepted: the answer was lost; found it by its name and took it over" in told
        assert any(message.startswith("deploying → uncertain") for message in told)
        await nothing_open(house)


@pytest.mark.parametrize(
    "fault",
    [rule("drop", "before"), rule("status", "before", status=500), rule("html", "before", status=502)],
    ids=lambda fault: str(fault["action"]),
)
async def test_a_deploy_that_did_not_happen_is_tried_once_more_under_the_next_name(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with firm(tmp_path, deadlines=DEADLINES) as house:
        house.sandbox.faults(rules=[fault])
        bot_id = await house.create()

        bot = (await house.status(bot_id, Status.RUNNING)).bot

        assert bot.generation == 2
        assert "-g2-" in str(bot.instance_name)
        assert await trading(house, bot) == [bot.instance_name]
        await nothing_open(house)


async def test_after_three_attempts_a_person_decides(tmp_path: Path) -> None:
    async with firm(tmp_path, deadlines=DEADLINES) as house:
        house.sandbox.faults(rules=[{**rule("drop", "before"), "times": None}])
        bot_id = await house.create()

        bot = (await house.status(bot_id, Status.FAILED)).bot

        assert bot.reason_code == "deploy_unanswered"
        assert bot.generation == MOST_ATTEMPTS
        assert await house.containers() == {}
        house.sandbox.clear_faults()
        await house.bots.start(bot_id, ANA)
        again = (await house.status(bot_id, Status.RUNNING)).bot
        assert again.generation == MOST_ATTEMPTS + 1
        assert await trading(house, again) == [again.instance_name]


async def test_a_deploy_that_happens_after_we_gave_up_waiting_never_trades(tmp_path: Path) -> None:
    """The server takes the request, sleeps beyond our deadline, and only then deploys: its config is gone by then."""
    async with firm(tmp_path, deadlines=DEADLINES) as house:
        house.sandbox.faults(rules=[rule("latency", "before", seconds=0.7)])
        bot_id = await house.create()

        bot = (await house.status(bot_id, Status.RUNNING, Status.FAILED)).bot
        await settled(house, bot_id)

        late = [name for name in await house.containers() if "-g1-" in name]
        assert bot.status is Status.RUNNING or await trading(house, bot) == []
        assert [name for name in late if name != bot.instance_name] == []
        assert len(await trading(house, bot)) <= 1


async def settled(house: Firm, bot_id: str) -> None:
    """Until nothing of the bot is open any more, removals included."""

    async def look() -> bool:
        async with house.runtime.database.reading() as connection:
            return not await OperationRepository(connection).open_of(bot_id)

    await eventually(look, PATIENCE)


STEPS = {
    "profile": "/accounts/",
    "keys": "/accounts/client_sharp/credentials",
    "validate": "*/config/validate",
    "upload": "/controllers/configs/*",
    "deploy": DEPLOY,
    "containers": "/docker/active-containers",
    "status": "/bot-orchestration/status",
}
FAULTS: dict[str, dict[str, Any]] = {
    "drop-before": {"action": "drop", "when": "before"},
    "drop-after": {"action": "drop", "when": "after"},
    "500-after": {"action": "status", "when": "after", "status": 500},
    "401": {"action": "status", "when": "before", "status": 401},
    "page": {"action": "html", "when": "before", "status": 502},
}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_fails_at_every_step_one_bot_trades_in_the_end(tmp_path: Path, fault: str, times: int) -> None:
    """All steps at once, each failing so many times: the deploy gets through or fails, and never trades twice."""
    async with firm(tmp_path, deadlines=DEADLINES) as house:
        bot_id = await house.create(start=False)
        # a refused login puts the poller off for long, so there it is the steps' alone
        paths = [path for step, path in STEPS.items() if fault != "401" or step not in ("containers", "status")]
        house.sandbox.faults(rules=[{"path": path, "times": times, **FAULTS[fault]} for path in paths])
        await house.bots.start(bot_id, ANA)

        bot = (await house.status(bot_id, Status.RUNNING, Status.FAILED)).bot
        house.sandbox.clear_faults()
        await settled(house, bot_id)

        names = await house.containers()
        expected = {bot.instance_name: "active"} if bot.status is Status.RUNNING else {}
        assert names == expected
        assert bot.status is Status.RUNNING or (times, bot.reason_code) == (3, "deploy_unanswered")
        assert bot.generation <= MOST_ATTEMPTS
