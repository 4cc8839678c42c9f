"""The only room that speaks SQL. SQLite and PostgreSQL hold the same tables and give the same values back."""
