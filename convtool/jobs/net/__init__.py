"""Where networks meet files: one job each, and the images that all of them read."""
