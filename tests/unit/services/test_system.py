"""Health, judged by evidence: the server's own words about its broker stay true for ever [measured]."""

from tests.support.scripted_transport import REFUSED, told
from tests.unit.services.test_coordinator import ACTIVE, BOT, STATUS, Stage, bots, container
from trading_bridge.domain.views import ServerView
from trading_bridge.services.system import SystemService
from trading_bridge.storage.database import Database


async def server(stage: Stage, database: Database) -> ServerView:
    view = await SystemService(database, stage.coordinator, stage.clock).view()
    assert view.database == database.dialect
    assert view.database_ok
    (found,) = view.servers
    return found


async def test_before_the_first_answer_nothing_is_known(database: Database) -> None:
    found = await server(Stage(), database)

    assert (found.reach, found.mqtt, found.docker, found.as_of, found.version) == (
        "unknown",
        "unknown",
        None,
        None,
        None,
    )


async def test_a_broker_without_bots_is_unknown_whatever_the_server_says(database: Database) -> None:
    stage = Stage()
    await stage.poll()

    found = await server(stage, database)
    assert (found.reach, found.mqtt, found.docker, found.version) == ("up", "unknown", True, "1.0.1")


async def test_a_broker_is_alive_while_a_bot_is_heard_and_silent_when_it_no_longer_is(database: Database) -> None:
    stage = Stage()
    stage.coordinator.attend(True)
    stage.script.routes[ACTIVE] = told([container(BOT)])
    stage.script.routes[STATUS] = bots(BOT, active=False)
    await stage.poll()
    assert (await server(stage, database)).mqtt == "unknown"  # it boots: silence proves nothing yet

    stage.script.routes[STATUS] = bots(BOT)
    await stage.poll()
    assert (await server(stage, database)).mqtt == "alive"

    stage.script.routes[STATUS] = bots(BOT, active=False)
    await stage.poll(6)
    assert (await server(stage, database)).mqtt == "silent"

    stage.script.routes[ACTIVE], stage.script.routes[STATUS] = told([]), bots()
    await stage.poll()
    assert (await server(stage, database)).mqtt == "unknown"  # nobody is left who could be heard


async def test_its_own_no_is_believed(database: Database) -> None:
    stage = Stage()
    stage.script.routes["GET /bot-orchestration/mqtt"] = told({"status": "success", "data": {"mqtt_connected": False}})
    await stage.poll()

    assert (await server(stage, database)).mqtt == "silent"


async def test_an_outage_is_told_with_its_reason(database: Database) -> None:
    stage = Stage()
    await stage.poll()
    stage.script.everything = REFUSED
    await stage.poll()

    found = await server(stage, database)
    assert (found.reach, found.since, found.failure_code) == ("down", stage.clock.now, "upstream_unreachable")
    assert found.failure == "The server refuses connections; is it running?"


async def test_a_database_that_does_not_answer_is_not_healthy() -> None:
    stage = Stage()
    nobody = Database("postgresql+psycopg://bridge@127.0.0.1:1/bridge")
    service = SystemService(nobody, stage.coordinator, stage.clock)

    assert await service.healthy() is False
    assert (await service.view()).database_ok is False
    await nobody.close()
