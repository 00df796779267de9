"""Where a model package comes from and where it went: one document, gathered with List and Describe calls."""
