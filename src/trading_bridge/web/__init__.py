"""The only room that knows FastAPI: REST for machines in `api`, pages for people in `pages`."""
