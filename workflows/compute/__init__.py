"""Bring your own compute: the port, and Celery behind it. Both planes may use it."""
