"""Certificates: what is known of a compiled module, in a file that a checker verifies by itself."""
