"""Faults on purpose: real processes are killed, frozen, starved and lied to."""
