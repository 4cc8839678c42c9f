"""Settings: the only reader of the environment and of `.env`. No message here ever holds a value."""

from trading_bridge.settings.loading import child_environment, load
from trading_bridge.settings.model import ConfigurationError, Setting, Settings, described
from trading_bridge.settings.serving import check_for_serving, is_loopback

__all__ = [
    "ConfigurationError",
    "Setting",
    "Settings",
    "check_for_serving",
    "child_environment",
    "described",
    "is_loopback",
    "load",
]
