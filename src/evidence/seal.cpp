#include "evidence/seal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/base64.h"
#include "event/canonical.h"
#include "event/event_batch.h"

namespace mailvigil::evidence {

namespace {

constexpr std::array<std::string_view, 6> kActions = {
    "genesis", "start", "heartbeat", "key", "prune", "stop"};

}  // namespace

std::string_view to_text(SealAction action) {
    return kActions[static_cast<std::size_t>(action)];
}

bool may_be_seal(std::string_view bytes) {
    constexpr std::string_view kMark = R"("mailvigil.class":"ledger")";
    // A verifier asks this of every leaf: memmem(3) would make its table anew for each.
    static const std::boyer_moore_horspool_searcher kSearcher(kMark.begin(), kMark.end());
    return kSearcher(bytes.begin(), bytes.end()).first != bytes.end();
}

Result<std::optional<Seal>> parse_seal(std::uint64_t leaf, std::string_view bytes) {
    if (!may_be_seal(bytes)) {
        return std::nullopt;
    }
    EventBatch batch;
    TRY(decode_canonical(bytes, batch));
    const Event& event = batch.events().front();
    const auto action = std::ranges::find(kActions, event.event_action());
    if (event.event_class != EventClass::ledger || action == kActions.end()) {
        return std::nullopt;
    }
    Seal seal;
    seal.leaf = leaf;
    seal.action = static_cast<SealAction>(action - kActions.begin());
    seal.vkey = event.ledger_vkey();
    seal.log_vkey = event.ledger_log_vkey();
    seal.origin = event.ledger_origin();
    seal.first = event.ledger_first();
    seal.time = event.time;
    seal.reason = event.event_reason();
    if (seal.action != SealAction::genesis) {
        const auto root = decode_base64(event.ledger_root());
        if (!root || root->size() != sizeof(Hash) || !event.has(Field::ledger_size)) {
            return fail(ErrorCode::malformed, "the seal does not name the checkpoint before it");
        }
        seal.before.emplace();
        seal.before->size = event.ledger_size();
        std::ranges::copy(*root, seal.before->root.begin());
    }
    return seal;
}

}  // namespace mailvigil::evidence
