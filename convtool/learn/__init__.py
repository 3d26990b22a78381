"""Filters learned from patches, where they respond, and which filter made a picture out of another."""
