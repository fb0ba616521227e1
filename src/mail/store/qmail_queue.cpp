// qmail's queue (INTERNALS of netqmail): mess/<n>/<id> is the message, info, local, remote, todo
// and intd its envelope.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [stage, below] = split_first(rest);
    if (stage == "lock" || stage == "pid") {
        return PlaceInStore{below.empty() ? ObjectKind::directory : ObjectKind::transient, stage};
    }
    // Messages are split over numbered directories 0 to 22; their ids are inode numbers, longer
    // than that.
    const std::string_view name = split_last(below).tail;
    if (directory || name.empty() ||
        (name == below && stage != "todo" && stage != "intd" && stage != "bounce")) {
        return PlaceInStore{ObjectKind::directory, stage};
    }
    if (stage == "mess" || stage == "bounce") {
        return PlaceInStore{ObjectKind::content, stage};
    }
    return PlaceInStore{ObjectKind::index, stage};
}

}  // namespace

extern const StoreFormat qmail_queue{.name = "qmail_queue",
                                     .summary = "qmail queue: mess, info, local and remote",
                                     .locate = locate};

}  // namespace mailvigil::mail::store
