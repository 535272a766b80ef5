"""The site: project, people, pages."""
