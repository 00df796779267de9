"""Gates over the synthesised templates: pure functions from documents to findings."""
