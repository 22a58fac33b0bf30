"""Events of one calendar: how they are kept, found, repeated, checked and changed."""
