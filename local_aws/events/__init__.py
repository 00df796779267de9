"""Deliver events: EventBridge rules, their patterns and targets. A simulation."""
