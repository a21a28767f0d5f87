"""The console script. ``samokoder lsp`` starts fast because it imports next to nothing."""

import sys


def main() -> int:
    """Run the face the first argument asks for; returns the exit code."""
    argv = sys.argv[1:]
    if argv[:1] == ["lsp"]:
        return _lsp(argv[1:])
    if argv[:1] == ["acp"]:
        return _acp(argv[1:])
    if argv[:1] == ["mcp"]:
        return _mcp(argv[1:])
    if argv in (["--version"], ["-V"]):
        from samokoder.server.version import VERSION

        sys.stdout.write(f"samokoder {VERSION}\n")
        return 0
    if argv in (["daemon"], ["daemon", "--detach"]):
        from samokoder.server import daemon

        return daemon.main(argv[1:])
    from samokoder.server.cli.main import main as shell

    return shell(argv)


def _lsp(options: list[str]) -> int:
    if not options or options == ["--stdio"]:
        from samokoder.server import forward

        return forward.main()
    if options == ["--in-process"]:
        from samokoder.server import inprocess, product

        return inprocess.main(product.samokoder())
    sys.stderr.write("usage: samokoder lsp [--in-process]\n")
    return 2


def _acp(options: list[str]) -> int:
    if options in ([], ["--in-process"]):
        from samokoder.server.acp import face

        return face.main(in_process=bool(options))
    sys.stderr.write("usage: samokoder acp [--in-process]\n")
    return 2


def _mcp(options: list[str]) -> int:
    if options in ([], ["--in-process"]):
        from samokoder.server.mcp import face

        return face.main(in_process=bool(options))
    sys.stderr.write("usage: samokoder mcp [--in-process]\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
