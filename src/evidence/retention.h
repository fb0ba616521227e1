// Retention: whole segments removed from the front, provably (docs/evidence-format.md, "Pruning").
#pragma once

#include <cstdint>

#include "base/result.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence {

/// The first leaf that is there.
Result<std::uint64_t> first_present(Disk& disk, const Layout& layout);

/// Where pruning before `leaf` really ends: at the beginning of a segment, and never beyond the
/// last one.
Result<std::uint64_t> first_to_keep(Disk& disk, const Layout& layout, std::uint64_t leaf);

/// The highest number of an incident in the leaves [from, until); 0: none.
Result<std::uint64_t> highest_incident(LedgerReader& ledger,
                                       std::uint64_t from,
                                       std::uint64_t until);

/// The same of the segments before `first`, for the seal of their removal: what can't be read any
/// more does not keep them from going.
Result<std::uint64_t> highest_incident_before(Disk& disk,
                                              const Layout& layout,
                                              std::uint64_t first);

/// Keeps proofs of the keys among what goes, then removes the segments before `first`. Safe to
/// repeat. The `prune` leaf must be sealed already.
Result<void> remove_before(Disk& disk, const Layout& layout, std::uint64_t first);

}  // namespace mailvigil::evidence
