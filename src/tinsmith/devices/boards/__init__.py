"""One TOML file per board; the file name is the board id."""
