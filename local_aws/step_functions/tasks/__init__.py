"""Call services: the aws-sdk integrations, the optimised ones, and the ways to wait for them."""
