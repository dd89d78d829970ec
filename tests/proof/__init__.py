"""Proof that nothing runs unsigned: a model check, random histories, hostile proposals. See ../README.md."""
