"""The only room that speaks to Hummingbot API: reader for what is, writer for what shall be."""
