"""Connections may only go to this machine.

Python imports a module of this name when it starts, if its folder is on PYTHONPATH. The notebooks are built and checked
that way: a lesson that would download something fails there, and not in class.
"""

import socket

OWN = {"localhost", "ip6-localhost", "", None}
_connect, _connect_ex, _look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def is_own(host: object) -> bool:
    """Whether a host (a name or an address, as text or bytes) is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    return name in OWN or str(name).startswith("127.") or str(name) in ("::1", "0.0.0.0", "::")


def refuse(host: object) -> None:
    raise ConnectionRefusedError(f"offline: a lesson may not connect to {host!r}, only to this machine")


def guard(sock: socket.socket, address: object) -> None:
    """Addresses of a socket in the file system stay allowed: they cannot leave."""
    if sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and not is_own(address[0]):
        refuse(address[0])


def connect(self, address):
    guard(self, address)
    return _connect(self, address)


def connect_ex(self, address):
    guard(self, address)
    return _connect_ex(self, address)


def getaddrinfo(host, *rest, **options):
    if not is_own(host):
        refuse(host)
    return _look_up(host, *rest, **options)


socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, getaddrinfo
