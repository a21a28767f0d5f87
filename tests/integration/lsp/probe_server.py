"""The real server core with the commands of ``probe_commands.py``; started by tests as a script."""

import os
import sys


def main(argv: list[str]) -> int:
    from samokoder.server import version

    version.VERSION = os.environ.get("PROBE_VERSION", version.VERSION)
    if argv == ["lsp"]:
        from samokoder.server import forward

        return forward.main((sys.executable, __file__, "daemon"))
    import logging

    from probe_commands import COMMANDS, open_engine

    from samokoder.server.product import given

    logging.basicConfig(level="INFO", stream=sys.stderr)
    if argv == ["lsp", "--in-process"]:
        from samokoder.server import inprocess

        return inprocess.main(given(COMMANDS, open_engine))
    if argv[:1] == ["daemon"]:
        from samokoder.server import daemon

        daemon.TAKEOVER_SECONDS = float(os.environ.get("PROBE_TAKEOVER_SECONDS", "15"))
        return daemon.main(argv[1:], given(COMMANDS, open_engine))
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
