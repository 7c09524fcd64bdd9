"""Bringing a whole registry from another server of the same API, ids and all."""
