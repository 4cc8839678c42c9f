"""The HTTP routes of the sandbox, with the shapes, status codes and quirks of Hummingbot API 1.0.1 as measured."""
