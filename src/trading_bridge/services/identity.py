"""Unguessable ids: `bot_` and 20 characters of 100 random bits."""

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that reads like something else


def new_id(prefix: str) -> str:
    """A fresh id like `bot_7m2k...`."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))
