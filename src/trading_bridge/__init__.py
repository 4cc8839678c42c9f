"""Trading Bridge: a control plane for market-making bots on top of Hummingbot API."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("trading-bridge")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
