"""`trading-bridge` and `python -m trading_bridge`."""

from trading_bridge.cli import app


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
