"""Measure what one instance of an endpoint takes, by Locust; autoscaling's target follows from it."""
