"""REST dialects in which ordinary exchange clients can talk to the sandbox's exchange."""

from trading_bridge.sandbox.dialects.bitmart import bitmart_routes
from trading_bridge.sandbox.dialects.gate import gate_routes
from trading_bridge.sandbox.dialects.wire import Faults

__all__ = ["Faults", "bitmart_routes", "gate_routes"]
