"""Everything that changes something at Hummingbot API. Only the reconciler and the accounts service may
import this.

Nothing is ever sent twice. All methods raise, as the table in `outcome` says: UpstreamUnreachable (never
sent), UpstreamUnauthorized and UpstreamRejected (definitely not done), UpstreamUncertain (may have been done:
look). An UpstreamRejected whose `field` is "account", "connector", "instance" or "config_id" means that the
server does not know the thing of that name.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trading_bridge.domain.errors import CredentialsIncomplete, UpstreamRejected, UpstreamUncertain
from trading_bridge.hummingbot import deadlines, wire
from trading_bridge.hummingbot.calls import attempt, call, segment
from trading_bridge.hummingbot.outcome import Answer, Outcome, classify, detail_of, settle
from trading_bridge.hummingbot.sanitising import safe_text
from trading_bridge.hummingbot.transport import Params, Response, Transport, TransportFailed

_CHECK = "It may or may not have been done."
_NO_PROFILE = re.compile(r"No such file or directory: '(?:[^']*/)?credentials/")
_NO_ACCOUNT = re.compile(r"Directory '[^']*credentials/[^']*' not found")
_NO_CONNECTOR = re.compile(r"^'([\w\-]+)'$")
_FOREIGN_FIELD = re.compile(r"^Object has no attribute '(\w+)'$")
_LACKING_FIELD = re.compile(r"object has no attribute '(\w+)'$")
_EXCHANGE_ERROR = re.compile(r"HTTP status is (\d{3})\. Error: (.*)$", re.DOTALL)
_ERROR_CODE = re.compile(r'\\?"(?:label|code)\\?"\s*:\s*\\?"?([\w\-]+)')
_ERROR_TEXT = re.compile(r'\\?"(?:message|msg)\\?"\s*:\s*\\?"((?:[^"\\]|\\[^"])*)')
_UNKNOWN_THING = re.compile(r"not found|no such container", re.IGNORECASE)
_MAYBE_DONE = re.compile(
    r"\b409 Client Error|already in use|\b5\d\d Server Error|timed out|Connection (?:aborted|reset)"
)


class HummingbotWriter:
    """Changes one Hummingbot server. One call at a time: so works the server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    # ── accounts ────────────────────────────────────────────────────────────────────────────────

    async def add_account(self, name: str) -> None:
        """POST /accounts/add-account?account_name= (a query parameter [measured]) 201; 400 "already exists"
        is done.

        Raises UpstreamRejected(field="name") for a name that the server doesn't take.
        """
        result = await attempt(
            self._transport,
            "POST",
            "/accounts/add-account",
            params={"account_name": name},
            within=deadlines.WRITE,
        )
        if isinstance(result, Response) and classify(result) is Outcome.REJECTED:
            detail = detail_of(result.body)
            if "already exists" in detail.lower():
                return
            raise UpstreamRejected(safe_text(detail) or "The server refused the account's name.", field="name")
        _done(settle("POST", result))

    async def add_credential(self, account: str, connector: str, fields: Mapping[str, str]) -> None:
        """POST /accounts/add-credential/{account}/{connector}: 201 after the server has asked the exchange
        (~3.5 s).

        Give every field: for a missing one the server stores the value of an earlier request, another
        client's included [measured]. Empty ones raise CredentialsIncomplete before anything is sent. Refused
        keys (400, the ones stored before stay in force [measured]) raise UpstreamRejected that names the
        exchange's own code; no message repeats a value. 201 proves the key only, not the right to trade.
        """
        for field, value in fields.items():
            if not value.strip():
                raise CredentialsIncomplete("This field of the keys is empty.", field=field)
        if not fields:
            raise CredentialsIncomplete("The keys have no fields.", field="fields")
        path = f"/accounts/add-credential/{segment(account, 'account')}/{segment(connector, 'connector')}"
        hide = tuple(fields.values())
        result = await attempt(self._transport, "POST", path, body=dict(fields), within=deadlines.KEYS)
        if isinstance(result, Response) and classify(result) is Outcome.REJECTED and result.status == 400:
            raise _refused_keys(detail_of(result.body), hide)
        _done(settle("POST", result, hide=hide))

    async def delete_credential(self, account: str, connector: str) -> None:
        """POST /accounts/delete-credential/{account}/{connector}: 200, even if none was there [measured]."""
        path = f"/accounts/delete-credential/{segment(account, 'account')}/{segment(connector, 'connector')}"
        await call(self._transport, "POST", path, within=deadlines.WRITE)  # 404 with a reason: gone as well

    # ── controller configs ──────────────────────────────────────────────────────────────────────

    async def upload_config(self, name: str, config: Mapping[str, Any]) -> None:
        """POST /controllers/configs/{name}: 201 for anything [measured]; an existing one is overwritten."""
        _done(await self._post(f"/controllers/configs/{segment(name, 'config_id')}", body=dict(config)))

    async def delete_config(self, name: str) -> bool:
        """DELETE /controllers/configs/{name}: True = deleted (200), False = there was none (404).

        Both mean that a deploy which has not started yet can't find it any more. A 404 of a server that
        doesn't know the route is UpstreamNotHummingbot, never False.
        """
        path = f"/controllers/configs/{segment(name, 'config_id')}"
        return not (await call(self._transport, "DELETE", path, within=deadlines.WRITE)).missing

    async def update_bot_config(self, instance: str, config_id: str, config: Mapping[str, Any]) -> None:
        """POST /controllers/bots/{bot}/{config}/config: merged into the bot's own copy, seen within 15 s
        [measured].

        Raises UpstreamRejected(field="instance" or "config_id") for a bot or config that the server doesn't
        have.
        """
        path = f"/controllers/bots/{segment(instance, 'instance')}/{segment(config_id, 'config_id')}/config"
        answer = await self._post(path, body=dict(config))
        if answer.missing:
            field = "config_id" if answer.reason.lower().startswith("controller") else "instance"
            raise UpstreamRejected(answer.reason, field=field)

    # ── bots ────────────────────────────────────────────────────────────────────────────────────

    async def deploy(self, instance_name: str, account: str, config_name: str, image: str | None) -> str:
        """POST /bot-orchestration/deploy-v2-controllers, headless -> unique_instance_name
        (name-YYYYMMDD-HHMMSS).

        200 `success: false` -> UpstreamRejected, but a name conflict (409) or a Docker that failed half-way
        -> UpstreamUncertain. 500 with "[Errno 2] … credentials/NAME" -> UpstreamRejected(field="account"):
        the profile is missing, nothing was started. Every other 5xx -> UpstreamUncertain: after Docker's 60 s
        time-out the bot does start and trade [all measured: observed.md section 2]. Success without a name ->
        UpstreamUncertain.
        """
        body: dict[str, Any] = {
            "instance_name": instance_name,
            "credentials_profile": account,
            "controllers_config": [config_name],
            "headless": True,
        }
        if image is not None:
            body["image"] = image
        result = await attempt(
            self._transport,
            "POST",
            "/bot-orchestration/deploy-v2-controllers",
            body=body,
            within=deadlines.DEPLOY,
        )
        if _profile_missing(result):
            raise UpstreamRejected("The server has no such account (credentials profile).", field="account")
        told = _read_write(_done(settle("POST", result)), wire.Deployed)
        said = told.message or ""
        if told.success is False and not _MAYBE_DONE.search(said):
            raise UpstreamRejected(safe_text(said) or "Hummingbot API did not create the bot.")
        if not told.success or not told.unique_instance_name:
            raise UpstreamUncertain(_with("It is unclear whether the bot was created.", said), hint=_CHECK)
        return told.unique_instance_name

    async def stop_bot(self, instance: str) -> None:
        """POST /bot-orchestration/stop-bot, orders cancelled. Returns when the command is *published*, not
        obeyed.

        `response.success` false -> UpstreamRejected, with field="instance" when the server doesn't list the
        bot (which is no proof that it doesn't trade), without when MQTT is down [measured].
        """
        body = {"bot_name": instance, "skip_order_cancellation": False, "async_backend": False}
        answer = _done(await self._post("/bot-orchestration/stop-bot", body=body, within=deadlines.STOP))
        told = _read_write(answer, wire.Stopped).response
        if not told.success:
            raise _refused_bot(told.message or "The command could not be published: the message broker is down.")

    async def stop_and_archive(self, instance: str) -> None:
        """POST /bot-orchestration/stop-and-archive-bot/{bot}: accepted at once, done after about 25 s
        [measured].

        Asks for order cancellation (the server's default is to skip it) and a local archive. 200 `"status":
        "error"` -> UpstreamRejected, with field="instance" for a bot that is not in the server's active list.
        """
        answer = _done(
            await self._post(
                f"/bot-orchestration/stop-and-archive-bot/{segment(instance, 'instance')}",
                params={"skip_order_cancellation": "false", "archive_locally": "true"},
                within=deadlines.STOP,
            )
        )
        told = _read_write(answer, wire.Archiving)
        if told.status == "error":
            raise _refused_bot(told.message or "Hummingbot API did not archive the bot.")
        if told.status != "success":
            raise UpstreamUncertain("It is unclear whether the bot is being archived.", hint=_CHECK)

    # ── containers ──────────────────────────────────────────────────────────────────────────────

    async def stop_container(self, name: str) -> None:
        """POST /docker/stop-container/{name}: 10 s during which the server answers nobody; open orders stay
        [measured].

        200 `null` = done; 200 with a text = Docker refused: UpstreamRejected (field="instance": no such
        container).
        """
        await self._container("stop-container", name)

    async def start_container(self, name: str) -> None:
        """POST /docker/start-container/{name}; answers as `stop_container`. It trades again after 6-9 s."""
        await self._container("start-container", name)

    async def remove_container(self, name: str) -> None:
        """POST /docker/remove-container/{name}: removed by force, its data archived locally.

        400 unless the name starts with "hummingbot-" [measured]; 200 `success: false` -> UpstreamRejected
        (field="instance": no such container). 500 when archiving failed after the removal: UpstreamUncertain.
        """
        path = f"/docker/remove-container/{segment(name, 'instance')}"
        answer = _done(await self._post(path, params={"archive_locally": "true"}, within=deadlines.STOP))
        told = _read_write(answer, wire.Deployed)
        if told.success is False:
            raise _refused_bot(told.message or "Docker refused.")
        if told.success is None:
            raise UpstreamUncertain("It is unclear whether the container was removed.", hint=_CHECK)

    async def _container(self, action: str, name: str) -> None:
        answer = _done(await self._post(f"/docker/{action}/{segment(name, 'instance')}", within=deadlines.STOP))
        said = wire.read_or_null(answer.body, str)
        if said is None:
            return
        if _MAYBE_DONE.search(said):
            raise UpstreamUncertain(_with("Docker failed half-way.", said), hint=_CHECK)
        raise _refused_bot(said)

    async def _post(
        self, path: str, *, params: Params | None = None, body: Any = None, within: float = deadlines.WRITE
    ) -> Answer:
        return await call(self._transport, "POST", path, params=params, body=body, within=within)


def _done(answer: Answer) -> Answer:
    if answer.missing:
        raise UpstreamRejected(answer.reason)
    return answer


def _read_write(answer: Answer, shape: type[wire.T]) -> wire.T:
    return wire.read(answer.body, shape)


def _with(sentence: str, said: str) -> str:
    return f"{sentence} {safe_text(said)}".strip()


def _refused_bot(said: str) -> UpstreamRejected:
    return UpstreamRejected(safe_text(said), field="instance" if _UNKNOWN_THING.search(said) else None)


def _profile_missing(result: Response | TransportFailed) -> bool:
    """The one 500 that proves that nothing was done: the profile is copied before anything is created
    [measured].
    """
    if not isinstance(result, Response) or result.status != 500 or classify(result) is not Outcome.UNCERTAIN:
        return False
    return _NO_PROFILE.search(detail_of(result.body)) is not None


def _refused_keys(detail: str, hide: Iterable[str]) -> UpstreamRejected:
    """A 400 of add-credential in words; texts as measured: observed.md sections 1 and 6b."""
    if _NO_ACCOUNT.search(detail):
        return UpstreamRejected("The server has no such account (credentials profile).", field="account")
    if _NO_CONNECTOR.match(detail):
        return UpstreamRejected("The server has no such connector.", field="connector")
    if unknown := _FOREIGN_FIELD.match(detail):
        return UpstreamRejected("The connector's keys have no such field.", field=unknown[1])
    if lacking := _LACKING_FIELD.search(detail):
        return UpstreamRejected("This field of the keys is missing.", field=lacking[1])
    if answer := _EXCHANGE_ERROR.search(detail):
        code, text = _ERROR_CODE.search(answer[2]), _ERROR_TEXT.search(answer[2])
        named = f" {safe_text(code[1], hide=hide)}" if code else ""
        why = f" ({safe_text(text[1], hide=hide)})" if text and text[1] else ""
        return UpstreamRejected(
            f"The exchange refused the keys: HTTP {answer[1]}{named}{why}.",
            hint="Check key, secret and the addresses that the key allows. Keys stored before stay in force.",
        )
    said = safe_text(detail, hide=hide)
    return UpstreamRejected(f"The keys were refused. {said}".strip())
