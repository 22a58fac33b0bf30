"""Address books: contacts and their groups, how they are read, written, listed and loaded from vCards."""
