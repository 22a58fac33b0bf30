"""Webhooks: destinations and their health, notifications and their real, signed deliveries in the sandbox's time."""
