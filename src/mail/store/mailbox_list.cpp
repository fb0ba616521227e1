// A directory whose entries are mailboxes (/var/mail, /var/vmail): listing it tells who has mail,
// and nothing else.
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool /*directory*/) {
    return rest.empty() ? std::optional(PlaceInStore{ObjectKind::directory, {}}) : std::nullopt;
}

}  // namespace

extern const StoreFormat mailbox_list{
    .name = "mailbox_list",
    .summary = "a directory of mailboxes: its listing names their owners",
    .locate = locate};

}  // namespace mailvigil::mail::store
