// OpenSMTPD's queue: queue/<2 hex>/<message id>/message is the message, each <envelope id> beside
// it one envelope; the other stages hold the same while it comes in or goes.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

/// Envelope ids are 16 hexadecimal digits, message ids 8 of them.
constexpr std::size_t kEnvelopeIdBytes = 16;

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [stage, below] = split_first(rest);
    if (rest.empty()) {
        return PlaceInStore{ObjectKind::directory, {}};
    }
    if (stage != "queue" && stage != "incoming" && stage != "purge" && stage != "offline" &&
        stage != "corrupt") {
        return {};
    }
    const std::string_view name = split_last(below).tail;
    if (directory || name.empty()) {
        return PlaceInStore{ObjectKind::directory, stage};
    }
    if (name == "message" || stage == "offline") {
        return PlaceInStore{ObjectKind::content, stage};
    }
    const bool envelope = name.size() == kEnvelopeIdBytes;
    return PlaceInStore{envelope ? ObjectKind::index : ObjectKind::directory, stage};
}

}  // namespace

extern const StoreFormat opensmtpd_queue{.name = "opensmtpd_queue",
                                         .summary = "OpenSMTPD queue: message and envelope files",
                                         .locate = locate};

}  // namespace mailvigil::mail::store
