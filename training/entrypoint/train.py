"""Script mode's entry point: lies at the top of the code bundle, beside the packages."""

from training.train import main

if __name__ == "__main__":
    raise SystemExit(main())
