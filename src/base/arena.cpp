#include "base/arena.h"

namespace mailvigil {

void Arena::clear() {
    oversized_.clear();
    next_ = 0;
    used_ = 0;
    retired_bytes_ = 0;
    if (blocks_.empty()) {
        block_ = nullptr;
        capacity_ = 0;
    } else {
        block_ = blocks_[0].get();
        capacity_ = kBlockBytes;
        next_ = 1;
    }
}

// operator new[] of char is aligned for every fundamental type, so a fresh block suits any
// alignment asked for.
char* Arena::allocate_in_next_block(std::size_t size) {
    if (size > kBlockBytes) {
        oversized_.push_back(std::make_unique_for_overwrite<char[]>(size));
        retired_bytes_ += size;
        return oversized_.back().get();
    }
    retired_bytes_ += used_;
    if (next_ == blocks_.size()) {
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    }
    block_ = blocks_[next_++].get();
    capacity_ = kBlockBytes;
    used_ = size;
    return block_;
}

}  // namespace mailvigil
