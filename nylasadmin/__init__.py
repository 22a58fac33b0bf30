"""Console and engine that keep a CRM and its users' calendars in step through Nylas API v3."""

__version__ = "0.1.0"
