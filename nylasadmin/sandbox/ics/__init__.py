"""Real calendars out of .ics files. What Nylas has no place for is reported, never dropped in silence."""
