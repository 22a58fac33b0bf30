"""How accounts come into the application: its settings, connectors, sign-in, tokens and the life of a grant."""
