"""`python -m promptdsl`."""

from promptdsl.cli.main import entry

if __name__ == "__main__":
    entry()
