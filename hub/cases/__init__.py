"""Cases: services and rules as registered, what a case needs, what is on file, what is promised."""
