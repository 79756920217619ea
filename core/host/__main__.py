"""`python -m core.host FOLDER`: the engine's process in the foreground."""

import sys

from core.host.process import main

if __name__ == "__main__":
    main(sys.argv[1:])
