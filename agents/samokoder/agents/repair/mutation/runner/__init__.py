"""Runs many candidates against the failing tests: the tools are imported once, then one fork each.

Standard library only, Python ≥ 3.9: the project's own Python runs it inside the sandbox, packed as
a zip beside the scratch copy: ``python runner.zip JOB OUT``. JOB is JSON:

``kind``        unittest, pytest or script
``argv``        arguments of that tool (unittest, pytest), or the script's own line
``path``        absolute path of the file that candidates replace (modes ``try``, ``rivals``)
``mode``        ``trace`` (which lines run, per test), ``try``, ``rivals`` (how texts that pass
                differ on inputs near those of the tests) or ``watch`` (what a failing test does)
``watched``     path and name of functions that ``watch`` follows line by line
``root``        the workspace: only files below it are traced
``failing``     ids of the tests that fail, ``passing`` of those that pass, ``ignored`` of those
                that fail for another cause
``candidates``  texts of the file
``seconds``     CPU seconds one candidate may take
``workers``     processes at the same time
``enough``      candidates that pass everything after which the rest is skipped
``window``      candidates that are still tried after the first that passes everything
``total``       wall seconds after which the rest is skipped

Every result is one line of JSON appended to OUT. Nothing it says is believed: what passes here is
proven afterwards by the project's own command.
"""
