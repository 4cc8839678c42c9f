"""Use cases and background loops. They own the transactions; only the reconciler and the accounts service hold the
writing half of the Hummingbot client, and they share one lane."""
