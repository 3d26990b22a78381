"""Bytes to arrays and back: images, filters and map files. Every reader looks before it allocates."""
