"""Pure rules of who may sign what, and the chain that records it."""
