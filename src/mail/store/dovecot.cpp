// A mailbox of a virtual mail tree (/var/vmail/<domain>/<user>): the path does not tell whether
// Dovecot keeps Maildir, sdbox or mdbox there, nor whether the mail lies in the mailbox's home
// itself or in a folder of it. The names below tell.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

extern const StoreFormat dbox;
extern const StoreFormat maildir;

namespace {

bool is_mail_root(std::string_view name) {
    return name == "Maildir" || name == "mail" || name == "mdbox" || name == "sdbox" ||
           name == "dbox" || name == ".maildir";
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [head, below] = split_first(rest);
    if (head == "sieve" || head.starts_with(".dovecot.") || head == ".sieve") {
        // Filter scripts: configuration, not mail.
        return {};
    }
    const std::string_view mail = is_mail_root(head) ? below : rest;
    const std::string_view first = split_first(mail).head;
    const StoreFormat& format = first == "mailboxes" || first == "storage" ? dbox : maildir;
    return format.locate(mail, directory);
}

void name_folder(std::string_view folder, std::string& out) {
    maildir.name_folder(folder, out);
}

}  // namespace

extern const StoreFormat dovecot{.name = "dovecot",
                                 .summary = "a virtual mailbox's home: Maildir, sdbox or mdbox",
                                 .locate = locate,
                                 .name_folder = name_folder};

}  // namespace mailvigil::mail::store
