// One segment, hashed and checked from end to end: the part of verification that is done for every
// byte, and that can be done for several segments at once.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/merkle.h"
#include "evidence/seal.h"
#include "evidence/verify.h"

namespace mailvigil::evidence {

struct SegmentScan {
    std::uint64_t first = 0;
    std::uint64_t leaves = 0;       ///< good ones, up to the first damage
    std::vector<Hash> block_roots;  ///< of full blocks
    std::vector<Hash> rest;         ///< leaf hashes of the last block, where it is not full
    /// Leaf hashes of the blocks within which a checkpoint ends.
    std::map<std::uint64_t, std::vector<Hash>> blocks;
    std::vector<Seal> seals;
    std::vector<Damage> damages;
    std::uint64_t unfinished_bytes = 0;  ///< behind the last record: being written, or cut off
};

/// `sizes`: of checkpoints, sorted; those that end within this segment count. `last`: the segment
/// may still be written.
SegmentScan scan_segment(Disk& disk,
                         const Layout& layout,
                         const SegmentName& segment,
                         bool last,
                         std::span<const std::uint64_t> sizes);

}  // namespace mailvigil::evidence
