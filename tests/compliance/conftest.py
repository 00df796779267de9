from tests.compliance.engine import engine

__all__ = ["engine"]
