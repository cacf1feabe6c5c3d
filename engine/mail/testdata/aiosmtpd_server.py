"""A mail server for tests with the manners of exim.conf, for machines whose
own mail server keeps exim from being installed, and for tests without root.

usage: aiosmtpd_server.py DIR [-tls-on-connect], with a listening socket as
standard input.
"""

import asyncio
import os
import signal
import socket
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

REFUSALS = {"later": "451 come back later", "never": "550 no such person here"}


class Box:
    def __init__(self, path):
        self.path = path

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.partition("@")[0]
        if not session.authenticated:
            return "550 sign in first"
        if local in REFUSALS:
            return REFUSALS[local]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("heavy@"):
            return "550 too heavy for this mailbox"
        letter = envelope.original_content.replace(b"\r\n", b"\n")
        with open(self.path, "wb", buffering=0) as box:
            box.write(letter + b"--end of letter--\n")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"kiosk", b"correct horse"), handled=False)


async def serve(folder, tls_on_connect):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))

    def session():
        return SMTP(
            Box(os.path.join(folder, "box")),
            hostname="mail.example.test",
            tls_context=None if tls_on_connect else tls,
            auth_require_tls=not tls_on_connect,  # it does not know that TLS is there already
            authenticator=authenticate,
            enable_SMTPUTF8=True,
        )

    listening = socket.socket(fileno=0)
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, done.set_result, None)
    server = await loop.create_server(session, sock=listening, ssl=tls if tls_on_connect else None)
    async with server:
        await done


asyncio.run(serve(sys.argv[1], "-tls-on-connect" in sys.argv[2:]))
