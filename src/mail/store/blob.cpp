// Zimbra and Carbonio: msg/<n>/<id>-<revision>.msg below the directory of a numbered mailbox; which
// person and folder it is of stands only in the database.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const std::string_view name = split_last(rest).tail;
    if (!directory && name.ends_with(".msg")) {
        return PlaceInStore{ObjectKind::content, kAnyFolder};
    }
    return PlaceInStore{ObjectKind::directory, kAnyFolder};
}

}  // namespace

extern const StoreFormat blob{
    .name = "blob", .summary = "Zimbra store: numbered .msg files", .locate = locate};

}  // namespace mailvigil::mail::store
