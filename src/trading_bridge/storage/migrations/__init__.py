"""Alembic migrations, run by `trading-bridge migrate` and at start-up."""
