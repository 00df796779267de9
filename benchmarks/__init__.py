"""Measure what the local AWS costs, side by side with the physical limit, in one run."""
