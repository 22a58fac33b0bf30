"""Mailboxes: messages, threads and folders, how they are read, written, listed and loaded from mbox files."""
