"""Products of a vector with a matrix that stands in a text file, row by row."""
