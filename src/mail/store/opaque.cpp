// A directory known to hold mail, in no format known here: every file below it is content.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [parent, name] = split_last(rest);
    if (directory) {
        return PlaceInStore{ObjectKind::directory, rest};
    }
    return PlaceInStore{is_transient_name(name) ? ObjectKind::transient : ObjectKind::content,
                        parent};
}

}  // namespace

extern const StoreFormat opaque{
    .name = "opaque", .summary = "every file below the path is mail", .locate = locate};

}  // namespace mailvigil::mail::store
