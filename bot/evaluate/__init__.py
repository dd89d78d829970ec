"""`vigie eval`: the product's own code with default settings, on your own data, in a throw-away store."""
