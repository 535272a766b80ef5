"""The worker process: `python -m workflows.worker`. Celery rings, one event loop runs all runs."""
