#include "evidence/seal_book.h"

#include <fmt/format.h>

#include <algorithm>

#include "evidence/layout.h"

namespace mailvigil::evidence {

void SealBook::take(const Seal& seal) {
    const std::string where = fmt::format("record {}", seal.leaf);
    if ((seal.action == SealAction::genesis) != (seal.leaf == 0)) {
        damaged_(where, seal.leaf == 0 ? "not the genesis" : "a second genesis");
        return;
    }
    if (seal.before) {
        check_before(seal, where);
    }
    // What was not signed has no effect, neither a key nor a permission to prune.
    const bool is_signed = checkpoints_.find(seal.leaf + 1) != nullptr;
    if (seal.action == SealAction::genesis || (seal.action == SealAction::key && is_signed)) {
        keys_.take(seal, checkpoints_.origin());
    } else if (seal.action == SealAction::prune && is_signed) {
        take_prune(seal, where);
    }
}

void SealBook::take_prune(const Seal& seal, const std::string& where) {
    if (seal.first > seal.leaf || seal.first % kBlockLeaves != 0) {
        damaged_(where,
                 fmt::format("a prune seal that names record {}, at which no segment before it "
                             "can begin",
                             seal.first));
        return;
    }
    pruned_to_ = std::max(pruned_to_, seal.first);
    if (prunes_.size() < kPrunesToldMax) {
        prunes_.push_back(
            {.leaf = seal.leaf, .first = seal.first, .time = seal.time, .reason = seal.reason});
    }
}

/// A seal names the newest checkpoint before it; if that is not there, it was taken away.
void SealBook::check_before(const Seal& seal, const std::string& where) {
    const Checkpoint* newest = checkpoints_.newest_until(seal.leaf);
    if (newest == nullptr) {
        damaged_(where,
                 fmt::format("names a checkpoint of size {} that is missing", seal.before->size));
    } else if (newest->head != *seal.before) {
        damaged_(where,
                 fmt::format("names a checkpoint of size {} before it, but there the newest is "
                             "of size {}: a checkpoint is missing or forged",
                             seal.before->size,
                             newest->head.size));
    }
}

}  // namespace mailvigil::evidence
