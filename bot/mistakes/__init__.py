"""How what is wrong in a file is told: file, line, field, what it is, and what to write instead."""
