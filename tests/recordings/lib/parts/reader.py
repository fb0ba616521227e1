"""Reads a mailbox as a mail program does: reader.py imap|pop3 SERVER USER PASSWORD"""
import imaplib
import poplib
import sys

protocol, server, user, password = sys.argv[1:]
if protocol == "imap":
    with imaplib.IMAP4(server) as imap:
        imap.login(user, password)
        imap.select("INBOX")
        numbers = imap.search(None, "ALL")[1][0].split()
        for number in numbers:
            imap.fetch(number, "(FLAGS BODY[])")
        if len(numbers) > 1:
            imap.store(numbers[-1], "+FLAGS", "\\Flagged")
        imap.close()
else:
    pop = poplib.POP3(server)
    pop.user(user)
    pop.pass_(password)
    numbers = range(1, pop.stat()[0] + 1)
    for number in numbers:
        pop.retr(number)
    pop.quit()
print(len(list(numbers)), "messages")
if not len(list(numbers)):
    sys.exit("the mailbox is empty")
