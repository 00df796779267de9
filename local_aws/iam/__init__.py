"""Authorise calls as IAM does: policies, conditions and the order in which policy types decide."""
