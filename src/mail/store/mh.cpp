// MH (mh-mail(5), nmh): a directory a folder, a numbered file a message. Claws Mail, Sylpheed and
// Gnus keep a cache of headers beside them.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

bool is_header_cache(std::string_view name) {
    return name == ".claws_cache" || name == ".sylpheed_cache" || name == ".overview" ||
           name == ".xmhcache" || name == ".nov";
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [parent, name] = split_last(rest);
    const std::string_view folder = parent == "inbox" ? std::string_view() : parent;
    if (directory || rest.empty()) {
        return PlaceInStore{ObjectKind::directory, rest == "inbox" ? std::string_view() : rest};
    }
    // A removed message keeps its number behind a comma until it is purged.
    const bool removed = name.starts_with(',') || name.starts_with('#');
    if (is_number(removed ? name.substr(1) : name)) {
        return PlaceInStore{ObjectKind::content, folder};
    }
    if (is_header_cache(name)) {
        return PlaceInStore{ObjectKind::index, folder};
    }
    if (is_transient_name(name)) {
        return PlaceInStore{ObjectKind::transient, folder};
    }
    return name.starts_with('.') ? PlaceInStore{ObjectKind::control, folder}
                                 : PlaceInStore{ObjectKind::directory, rest};
}

}  // namespace

extern const StoreFormat mh{
    .name = "mh", .summary = "MH: numbered files in a directory a folder", .locate = locate};

}  // namespace mailvigil::mail::store
