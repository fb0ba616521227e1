#include "evidence/index/tail.h"

#include <string.h>

#include <algorithm>
#include <memory>
#include <string>

#include "event/canonical.h"
#include "event/event_batch.h"

namespace mailvigil::evidence::index {

namespace {

/// The event of a leaf, in `batch`; null where it can't be decoded.
const Event* decoded(std::string_view bytes, EventBatch& batch) {
    batch.clear();
    return decode_canonical(bytes, batch) && !batch.empty() ? &batch.events().front() : nullptr;
}

/// A text that stands in canonical text as it is.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

}  // namespace

Result<Position> read_tail(LedgerReader& ledger,
                           const Reach& reach,
                           const std::function<bool(std::string_view)>& wanted,
                           const std::function<bool(std::uint64_t, const Event*)>& visit) {
    const auto batch = std::make_unique<EventBatch>();
    const std::uint64_t next = std::max(reach.next, ledger.first());
    const auto take = [&](std::uint64_t leaf, std::string_view bytes) {
        if (leaf < next || !wanted(bytes)) {
            return true;
        }
        return visit(leaf, decoded(bytes, *batch));
    };
    // Of a pruned leaf the position is gone with its segment.
    const bool usable = reach.position.leaf >= ledger.first() && reach.position.leaf <= next &&
                        reach.position != Position{};
    return ledger.read_on(usable ? reach.position : Position{.leaf = next}, take);
}

Result<void> read_leaves(LedgerReader& ledger,
                         std::uint64_t first,
                         std::uint64_t end,
                         const std::function<void(std::uint64_t, const Event&)>& visit) {
    const auto batch = std::make_unique<EventBatch>();
    return ledger.read(first, end, [&](std::uint64_t leaf, std::string_view bytes) {
        if (const Event* event = decoded(bytes, *batch)) {
            visit(leaf, *event);
        }
        return true;
    });
}

std::string mark_of_access() {
    return R"("mailvigil.class":"access")";
}

std::string mark_of_access(std::string_view mailbox) {
    if (!is_plain(mailbox)) {
        return mark_of_access();
    }
    std::string mark = R"("mailvigil.mailbox":")";
    mark += mailbox;
    mark += '"';
    return mark;
}

bool has_mark(std::string_view leaf, std::string_view mark) {
    // memmem(3) is several times faster than string_view::find(), which stops at every quote.
    return ::memmem(leaf.data(), leaf.size(), mark.data(), mark.size()) != nullptr;
}

}  // namespace mailvigil::evidence::index
