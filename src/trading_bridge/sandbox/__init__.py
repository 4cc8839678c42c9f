"""A stand-in Hummingbot API and a simulated exchange, to try and test the bridge without keys."""
