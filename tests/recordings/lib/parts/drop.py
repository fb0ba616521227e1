"""The intruder's drop: takes what is sent to it by HTTP (80, 8080), TLS (443), SMTP (25) or plain TCP, and keeps it.

drop.py FOLDER: each connection becomes one file, FOLDER/<port>-<number>.
"""
import asyncio
import itertools
import ssl
import subprocess
import sys

folder = sys.argv[1]
number = itertools.count(1)


def keeper(port):
    return open(f"{folder}/{port}-{next(number)}", "wb", buffering=0)


async def plain(reader, writer, port):
    with keeper(port) as kept:
        while data := await reader.read(65536):
            kept.write(data)
    writer.close()


async def http(reader, writer, port):
    with keeper(port) as kept:
        head = await reader.readuntil(b"\r\n\r\n")
        kept.write(head)
        lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                kept.write(await reader.readexactly(size))
                await reader.readline()
        else:
            kept.write(await reader.readexactly(int(headers.get("content-length", "0"))))
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
    await writer.drain()
    writer.close()


async def smtp(reader, writer, port):
    with keeper(port) as kept:
        writer.write(b"220 drop.evil.example ESMTP\r\n")
        while line := await reader.readline():
            kept.write(line)
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                while (line := await reader.readline()) not in (b".\r\n", b""):
                    kept.write(line)
                writer.write(b"250 kept\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
    writer.close()


def certificate():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=drop.evil.example",
                    "-keyout", "/srv/key.pem", "-out", "/srv/cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/srv/cert.pem", "/srv/key.pem")
    return context


async def main():
    tls = certificate()
    for port, serve, context in ((80, http, None), (8080, http, None), (443, plain, tls), (25, smtp, None),
                                 (4444, plain, None), (9999, plain, None)):
        def on_connect(reader, writer, serve=serve, port=port):
            return serve(reader, writer, port)
        await asyncio.start_server(on_connect, "0.0.0.0", port, ssl=context)
    await asyncio.Event().wait()


asyncio.run(main())
