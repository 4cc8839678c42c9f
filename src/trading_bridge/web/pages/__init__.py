"""The HTML pages under /app: they read our services and call no upstream of their own."""

from trading_bridge.web.pages.routes import router

__all__ = ["router"]
