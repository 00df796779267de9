"""The use case: flight delays. The part a team replaces for its own data."""
