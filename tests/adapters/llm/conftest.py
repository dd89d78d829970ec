"""Every test about models closes the connections that it opened."""

from tests.closing import closed

__all__ = ["closed"]
