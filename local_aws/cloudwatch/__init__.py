"""Evaluate CloudWatch alarms over the metrics that services and users publish. A simulation."""
