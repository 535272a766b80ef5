"""One process that starts, watches and stops all the others: what stands behind `make up`.

It keeps nothing in memory that matters: killed at any moment, its successor finds what is still
running, ends it (or adopts it, if it is Valkey) and goes on.
"""
