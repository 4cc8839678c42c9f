"""How long each kind of call may take, in seconds.

Hummingbot API is one process with one event loop: a container stop inside any call freezes all others for 10
s, adding keys takes about 3.5 s, a deploy may pull an image for minutes (measured: hummingbot-api.md,
"Connecting").
"""

from typing import Final

CONNECT: Final = 5.0  # TCP and TLS alone
POLL: Final = 5.0
READ: Final = 15.0  # reads that make the server ask an exchange first
HISTORY: Final = 15.0
HISTORY_UPSTREAM: Final = 10.0  # how long the server waits for the bot; below ours, so that it gets to say no
DEPLOY: Final = 180.0
STOP: Final = 60.0
KEYS: Final = 120.0
WRITE: Final = 30.0
