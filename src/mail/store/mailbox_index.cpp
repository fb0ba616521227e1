// A search index or header cache over mail (notmuch, mu, mairix, Zimbra, webmail tables): every
// file of it tells headers or words of messages.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const std::string_view name = split_last(rest).tail;
    if (directory) {
        return PlaceInStore{ObjectKind::directory, kAnyFolder};
    }
    const bool transient = name == "flintlock" || is_transient_name(name);
    return PlaceInStore{transient ? ObjectKind::transient : ObjectKind::index, kAnyFolder};
}

}  // namespace

extern const StoreFormat mailbox_index{.name = "mailbox_index",
                                       .summary = "full-text index or header cache over mail",
                                       .locate = locate};

}  // namespace mailvigil::mail::store
