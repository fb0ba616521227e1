// Courier's queue (courier(8)): msgs/<n>/D<inode> is the message, C<inode> its envelope; msgq/
// holds links to the envelopes.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [stage, below] = split_first(rest);
    if (rest.empty()) {
        return PlaceInStore{ObjectKind::directory, {}};
    }
    if (stage != "msgs" && stage != "msgq" && stage != "tmp") {
        return {};
    }
    const auto [parent, name] = split_last(below);
    if (directory || parent.empty()) {
        return PlaceInStore{ObjectKind::directory, stage};
    }
    const bool content = name.starts_with('D') || stage == "tmp";
    return PlaceInStore{content ? ObjectKind::content : ObjectKind::index, stage};
}

}  // namespace

extern const StoreFormat courier_queue{.name = "courier_queue",
                                       .summary = "Courier queue: D message and C envelope files",
                                       .locate = locate};

}  // namespace mailvigil::mail::store
