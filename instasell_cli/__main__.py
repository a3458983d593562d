"""`python -m instasell_cli` is `instasell`."""

from instasell_cli.main import run

if __name__ == "__main__":
    run()
