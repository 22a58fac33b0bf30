"""Mail at Nylas: messages and threads, read only. There is no way to write mail from here."""

from nylasadmin.adapters.nylas.mail.reading import MailReader

__all__ = ["MailReader"]
