// Postfix's queue (qmgr(8), postcat(1)): envelope and content in one file, below the stage's
// directory. The queue directory also is the chroot of its daemons: what else lies in it is no
// mail.
#include <array>

#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

constexpr std::array<std::string_view, 7> kMessages = {
    "active", "corrupt", "deferred", "hold", "incoming", "maildrop", "saved"};
constexpr std::array<std::string_view, 4> kEnvelopes = {"bounce", "defer", "flush", "trace"};

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [stage, below] = split_first(rest);
    const bool messages = std::ranges::find(kMessages, stage) != kMessages.end();
    const bool envelopes = std::ranges::find(kEnvelopes, stage) != kEnvelopes.end();
    if (rest.empty()) {
        return PlaceInStore{ObjectKind::directory, {}};
    }
    if (!messages && !envelopes) {
        return {};
    }
    // With hash_queue_names, `deferred/A/` lies between stage and message; a queue id is longer
    // than one character.
    if (directory || split_last(below).tail.size() < 2) {
        return PlaceInStore{ObjectKind::directory, stage};
    }
    return PlaceInStore{messages ? ObjectKind::content : ObjectKind::index, stage};
}

}  // namespace

extern const StoreFormat postfix_queue{
    .name = "postfix_queue",
    .summary = "Postfix queue: a stage's directory, a file a message",
    .locate = locate};

}  // namespace mailvigil::mail::store
