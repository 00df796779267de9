"""The resource types, a module for each family of services; each declares `TYPES`."""
