// Stock: the roots of `tree` and the names of the segments, as they belong together, though a
// writer may change both while they are read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/merkle.h"
#include "evidence/verify.h"

namespace mailvigil::evidence {

struct Stock {
    std::vector<SegmentName> segments{};
    std::vector<std::string> strangers{};  ///< names that are no segment's
    std::vector<Hash> tree{};
    std::uint64_t tree_bytes = 0;
};

/// A file that was never finished: a writer works on it, or was killed at it.
bool is_draft(std::string_view name);

/// Reads both, again and again for `patience` while they do not fit together.
Result<Stock> take_stock(Disk& disk, const Layout& layout, Duration patience);

/// Tells what is wrong with it, and with the file `format`.
void check_stock(Disk& disk, const Layout& layout, const Stock& stock, const TellDamage& damaged);

}  // namespace mailvigil::evidence
