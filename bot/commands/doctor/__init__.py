"""`vigie doctor`: small checks of one installation, each with what it found and what to do about it."""
