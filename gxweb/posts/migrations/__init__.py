"""Changes of the tables of posts."""
