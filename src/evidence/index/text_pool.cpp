#include "evidence/index/text_pool.h"

#include <random>

#include "evidence/index/packing.h"

namespace mailvigil::evidence::index {

namespace {

constexpr std::size_t kSlotsAtFirst = 1024;

}  // namespace

TextPool::TextPool(TextId first) : first_(first) {
    // Whoever may name files must not be able to choose texts that all fall into one slot.
    std::random_device random;
    seed_ = (std::uint64_t{random()} << 32U) | random();
    slots_.assign(kSlotsAtFirst, 0);
}

TextId TextPool::id_of(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    const std::uint64_t hash = hash_of(text, seed_);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
        const Text& known = texts_[slots_[slot] - first_];
        if (known.hash == hash && known.text == text) {
            return slots_[slot];
        }
    }
    const TextId id = next();
    texts_.push_back({arena_.copy(text), hash});
    if (texts_.size() * 2 > slots_.size()) {
        grow(slots_.size() * 2);
    } else {
        place(id);
    }
    return id;
}

void TextPool::place(TextId id) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = texts_[id - first_].hash & mask;
    while (slots_[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    slots_[slot] = id;
}

void TextPool::grow(std::size_t slots) {
    slots_.assign(slots, 0);
    for (TextId id = first_; id != next(); ++id) {
        place(id);
    }
}

void TextPool::forget() {
    first_ = next();
    texts_.clear();
    slots_.assign(kSlotsAtFirst, 0);
    arena_.clear();
}

void TextPool::forget(TextId below) {
    if (below >= next()) {
        forget();
    } else if (below > first_) {
        texts_.erase(texts_.begin(), texts_.begin() + (below - first_));
        first_ = below;
        grow(slots_.size());
    }
}

}  // namespace mailvigil::evidence::index
