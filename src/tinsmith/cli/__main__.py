"""``python -m tinsmith.cli``: the command line where no script is installed."""

from tinsmith.cli.main import main

main()
