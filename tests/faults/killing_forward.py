"""``samokoder lsp`` that starts the daemon which can be killed at a boundary."""

import sys
from pathlib import Path

from samokoder.server import forward

if __name__ == "__main__":
    sys.exit(forward.main((sys.executable, str(Path(__file__).with_name("killing_daemon.py")))))
