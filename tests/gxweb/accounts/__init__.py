"""Tests of gxweb/accounts."""
