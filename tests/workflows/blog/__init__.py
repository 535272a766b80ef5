"""Tests of the blog workflow."""
