"""Execute SageMaker pipeline definitions step by step."""
