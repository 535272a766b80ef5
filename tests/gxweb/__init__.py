"""The site: settings, people, the supervisor."""
