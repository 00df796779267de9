"""Deployment units: each composes constructs and passes what the next one needs."""
