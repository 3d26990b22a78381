"""Arrays in, arrays out: convolution, activation and pooling, without files, clocks or printing."""
