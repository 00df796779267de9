"""Complete moto where it differs from AWS; the only place that touches its internals."""
