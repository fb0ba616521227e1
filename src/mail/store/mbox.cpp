// mbox: one file holds a folder's messages, each behind a line `From ` (RFC 4155). The store is one
// such file, or a folder tree of them as Dovecot and Alpine keep it in ~/mail, with Dovecot's
// indexes in `.imap/<folder>/`.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    constexpr std::string_view kIndexes = ".imap/";
    const auto [parent, name] = split_last(rest);
    if (directory) {
        return PlaceInStore{ObjectKind::directory, rest};
    }
    if (is_transient_name(name)) {
        return PlaceInStore{ObjectKind::transient, parent};
    }
    if (rest.starts_with(kIndexes)) {
        const auto kind = is_dovecot_index_name(name) ? ObjectKind::index : ObjectKind::control;
        const std::string_view folder =
            parent.size() > kIndexes.size() ? parent.substr(kIndexes.size()) : std::string_view();
        return PlaceInStore{kind, folder == "INBOX" ? std::string_view() : folder};
    }
    if (is_control_name(name) || name.starts_with('.')) {
        return PlaceInStore{ObjectKind::control, parent};
    }
    return PlaceInStore{ObjectKind::content, rest == "INBOX" ? std::string_view() : rest};
}

}  // namespace

extern const StoreFormat mbox{.name = "mbox",
                              .summary = "one file a folder, messages behind \"From \" lines",
                              .locate = locate};

}  // namespace mailvigil::mail::store
