"""Controller `generic/pmm_v1` as far as a server knows it: its config fields, template and validation.

Field names, types and defaults: hummingbot-api.md ("Strategies") and the template route's shape
(observed.md, `GET /controllers/.../config/template`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

_UPDATABLE: dict[str, Any] = {"is_updatable": True}


class PMMV1Config(BaseModel):
    """Config of pmm_v1; unknown fields are refused. Spreads are fractions, `order_amount` is base."""

    model_config = ConfigDict(extra="forbid")

    id: str
    controller_name: str = "pmm_v1"
    controller_type: str = "generic"
    total_amount_quote: Decimal = Decimal(0)
    manual_kill_switch: bool = Field(default=False, json_schema_extra=_UPDATABLE)
    initial_positions: list[dict[str, Any]] = []
    connector_name: str = "binance"
    trading_pair: str = "BTC-USDT"
    order_amount: Decimal = Field(default=Decimal(1), json_schema_extra=_UPDATABLE)
    buy_spreads: list[float] = Field(default_factory=lambda: [0.01], json_schema_extra=_UPDATABLE)
    sell_spreads: list[float] = Field(default_factory=lambda: [0.01], json_schema_extra=_UPDATABLE)
    order_refresh_time: int = Field(default=30, json_schema_extra=_UPDATABLE)
    order_refresh_tolerance_pct: Decimal = Field(default=Decimal(-1), json_schema_extra=_UPDATABLE)
    filled_order_delay: int = Field(default=60, json_schema_extra=_UPDATABLE)
    inventory_skew_enabled: bool = Field(default=False, json_schema_extra=_UPDATABLE)
    target_base_pct: Decimal = Field(default=Decimal("0.5"), json_schema_extra=_UPDATABLE)
    inventory_range_multiplier: Decimal = Field(default=Decimal("1.0"), json_schema_extra=_UPDATABLE)
    price_ceiling: Decimal = Field(default=Decimal(-1), json_schema_extra=_UPDATABLE)
    price_floor: Decimal = Field(default=Decimal(-1), json_schema_extra=_UPDATABLE)

    @field_validator("buy_spreads", "sell_spreads", mode="before")
    @classmethod
    def _read_spreads(cls, value: Any) -> Any:
        """Lists, or the comma-separated text that Hummingbot's own prompts use; null is no level."""
        if value is None or value == "":
            return []
        return value.split(",") if isinstance(value, str) else value

    def spreads(self, *, buy: bool) -> list[Decimal]:
        """Spread of each level, innermost first as configured."""
        return [Decimal(str(spread)) for spread in (self.buy_spreads if buy else self.sell_spreads)]

    def updated(self, fresh: PMMV1Config) -> PMMV1Config:
        """This config with the live-updatable fields of `fresh`; the others keep their value until a restart."""
        changes = {
            name: getattr(fresh, name)
            for name, field in PMMV1Config.model_fields.items()
            if field.json_schema_extra is _UPDATABLE
        }
        return self.model_copy(update=changes)


# Controllers of the sandbox by type. The real server lists more; here only what can run.
CONTROLLERS: Final[dict[str, dict[str, type[BaseModel]]]] = {
    "directional_trading": {},
    "market_making": {},
    "generic": {"pmm_v1": PMMV1Config},
}


def template(config: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Field -> default, type and required, in the odd spelling of the template route."""
    found: dict[str, dict[str, Any]] = {}
    for name, field in config.model_fields.items():
        default: Any = "PydanticUndefined" if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(default, Decimal):
            default = str(default)
        elif default == [0.01]:
            default = "0.01"
        spelled = str(field.annotation).replace("list[", "typing.List[").replace("dict[", "typing.Dict[")
        found[name] = {"default": default, "type": spelled, "required": False}
    return found
