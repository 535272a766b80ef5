"""The tests mirror the source tree; contract, chaos, e2e and bench have folders of their own."""
