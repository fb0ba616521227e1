// Archives of mailing lists: the first name below the root is the list, every file below it is
// content.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    constexpr std::string_view kMbox = ".mbox";
    const auto [head, below] = split_first(rest);
    const std::string_view list =
        head.ends_with(kMbox) ? head.substr(0, head.size() - kMbox.size()) : head;
    if (directory || rest.empty()) {
        return PlaceInStore{ObjectKind::directory, list};
    }
    if (is_transient_name(split_last(rest).tail)) {
        return PlaceInStore{ObjectKind::transient, list};
    }
    return PlaceInStore{ObjectKind::content, list};
}

}  // namespace

extern const StoreFormat archive{
    .name = "archive", .summary = "mailing list archives, a directory a list", .locate = locate};

}  // namespace mailvigil::mail::store
