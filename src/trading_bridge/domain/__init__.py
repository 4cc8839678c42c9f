"""Pure rules of the trade: no IO, no framework, no clock (`now` is always an argument)."""
