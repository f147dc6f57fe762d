"""The checker of certificates: it finds every claim out again and knows nothing of the compiler."""
