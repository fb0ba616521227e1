// The ledger's end: the leaves that are not in the index yet, or all where there is no index.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"
#include "evidence/index/entry_store.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence::index {

/// Visits the leaves from reach.next on whose bytes are `wanted`, decoded; the event is valid
/// during the call, and null where this version can't decode it (a later one wrote it). Ends when
/// the visitor returns false. Returns where reading stopped.
Result<Position> read_tail(LedgerReader& ledger,
                           const Reach& reach,
                           const std::function<bool(std::string_view)>& wanted,
                           const std::function<bool(std::uint64_t, const Event*)>& visit);

/// Visits the leaves [first, end), decoded.
Result<void> read_leaves(LedgerReader& ledger,
                         std::uint64_t first,
                         std::uint64_t end,
                         const std::function<void(std::uint64_t, const Event&)>& visit);

/// What stands in the bytes of every access, or of every access to that mailbox: canonical text has
/// just one way to say it.
std::string mark_of_access();
std::string mark_of_access(std::string_view mailbox);

/// Whether the bytes of a leaf have that mark.
bool has_mark(std::string_view leaf, std::string_view mark);

}  // namespace mailvigil::evidence::index
