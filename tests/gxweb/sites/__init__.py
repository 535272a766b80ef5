"""The sites app, seen from outside."""
