"""The ingest workflow: a site read page by page, and what it says, with its words."""
