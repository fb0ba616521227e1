#include "event/canonical_member.h"

#include <bit>
#include <type_traits>

#include "base/json_text.h"

namespace mailvigil {

namespace {

constexpr std::size_t kSlots = 512;

constexpr std::size_t slot_of(std::string_view name) {
    // The ends of the names differ most.
    std::uint64_t end = 0;
    if (!std::is_constant_evaluated() && name.size() >= 8) {
        end = std::byteswap(load_eight(name.data() + name.size() - 8));
    } else {
        for (const char c : name.substr(name.size() < 8 ? 0 : name.size() - 8)) {
            end = end << 8U | static_cast<unsigned char>(c);
        }
    }
    return ((end ^ name.size() << 56U) * 0x9e3779b97f4a7c15U) >> 55U;
}

/// Rank plus one of each name, at its slot or the next free one.
constexpr std::array<std::uint8_t, kSlots> kRankOfSlot = [] {
    std::array<std::uint8_t, kSlots> slots{};
    for (std::size_t rank = 0; rank < kMemberCount; ++rank) {
        std::size_t slot = slot_of(kMembers[rank].name());
        while (slots[slot] != 0) {
            slot = (slot + 1) % kSlots;
        }
        slots[slot] = static_cast<std::uint8_t>(rank + 1);
    }
    return slots;
}();

}  // namespace

const CanonicalMember* find_canonical_member(std::string_view name) {
    for (std::size_t slot = slot_of(name); kRankOfSlot[slot] != 0; slot = (slot + 1) % kSlots) {
        const CanonicalMember& member = kMembers[kRankOfSlot[slot] - 1U];
        if (member.name() == name) {
            return &member;
        }
    }
    return nullptr;
}

}  // namespace mailvigil
