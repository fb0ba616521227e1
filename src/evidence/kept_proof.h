// Kept proofs: what a pruned ledger keeps of the keys whose seals went (docs/evidence-format.md,
// "Pruning"), as a verifier judges it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "evidence/checkpoint_book.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/seal.h"
#include "evidence/verify.h"

namespace mailvigil::evidence {

/// Checks the file `name` of kept/ against the checkpoints and the block roots of the file tree.
/// The seal that it proves; absent where it proves none.
std::optional<Seal> check_kept_proof(Disk& disk,
                                     const Layout& layout,
                                     const std::string& name,
                                     const CheckpointBook& checkpoints,
                                     std::span<const Hash> tree,
                                     const TellDamage& damaged);

}  // namespace mailvigil::evidence
