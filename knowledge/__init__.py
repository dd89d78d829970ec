"""Documents that answer: runbooks, past incidents and postmortems, found again by words and by meaning."""
