"""Logical units: one noun a file."""
