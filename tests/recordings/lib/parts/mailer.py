"""Sends one message by SMTP: mailer.py SERVER FROM TO SUBJECT [LINE...]"""
import smtplib
import sys
from email.message import EmailMessage

server, sender, recipient, subject, *lines = sys.argv[1:]
message = EmailMessage()
message["From"], message["To"], message["Subject"] = sender, recipient, subject
message.set_content("\n".join(lines or ["Please see the figures of this week.", "", "Regards"]))
with smtplib.SMTP(server, 25, local_hostname="desk.example.org", timeout=30) as smtp:
    smtp.send_message(message)
