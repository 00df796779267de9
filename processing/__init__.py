"""Entry scripts of the processing jobs over pure modules."""
