"""Show monitoring on December's flights: planted faults, the gates that catch them, a retraining. Local AWS only."""
