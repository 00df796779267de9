"""Answer SageMaker API operations from the store."""
