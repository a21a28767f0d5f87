"""What strangers send, followed through one module of Python to where it does harm.

An abstract interpreter over the syntax tree: constants, containers, strings in pieces, guards and
calls within the module are followed; what leaves the module is assumed to pass its input on. No
model is needed and nothing of the project is run.
"""
