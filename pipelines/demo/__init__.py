"""Show a release on December's flights: models, traffic, ground truth, both endings. On the local AWS only."""
