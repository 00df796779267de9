"""The platform as code: settings → constructs → stacks."""
