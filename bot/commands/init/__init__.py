"""`vigie init`: writes all that an installation of its own begins with; `starter/` holds the ready files."""
