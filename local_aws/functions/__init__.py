"""Invoke Lambda functions through Lambda's own API."""
