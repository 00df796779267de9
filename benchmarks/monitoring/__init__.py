"""What the monitors cost and how often they alarm."""
