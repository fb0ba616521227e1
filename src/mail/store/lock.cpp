// Lock and temporary files that lie beside mailboxes, where the catalogue must give them a pattern
// of their own.
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view /*rest*/, bool directory) {
    return PlaceInStore{directory ? ObjectKind::directory : ObjectKind::transient, {}};
}

}  // namespace

extern const StoreFormat lock{
    .name = "lock", .summary = "locks and temporary names beside mailboxes", .locate = locate};

}  // namespace mailvigil::mail::store
