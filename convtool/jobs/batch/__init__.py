"""Many images at once: which they are, what is done with each, and the proof of what has been done."""
