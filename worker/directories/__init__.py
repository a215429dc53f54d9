"""Where customers are looked up: the database's own directory, or another system's over HTTP."""
