"""`python -m limbeck` is the same as `limbeck`."""

from limbeck.cli import main

main()
