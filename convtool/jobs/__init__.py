"""Where files meet arithmetic: open, convolve, pool, write, and keep a record of each map."""
