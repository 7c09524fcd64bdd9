"""Feeds: one module for each upstream that publishes advisories."""
