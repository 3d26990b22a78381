"""Labelled pictures: what is learned from and what is tested on, wherever it comes from."""
