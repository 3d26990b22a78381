"""One page that lets its reader lay filters on an image, and ask each value how it came to be."""
