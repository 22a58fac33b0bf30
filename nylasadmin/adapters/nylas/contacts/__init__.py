"""Address books at Nylas: contacts read, compared and written."""

from nylasadmin.adapters.nylas.contacts.reading import ContactReader
from nylasadmin.adapters.nylas.contacts.writing import ContactWriter

__all__ = ["ContactReader", "ContactWriter"]
