"""The built-in cluster: the other side of the wire, in a process of its own.

Only the command line and the tests import it.
"""
