"""Training: forward and backward through a network, steps against the gradient, and all around them."""
