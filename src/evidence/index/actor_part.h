// Which actors occur in which blocks of leaves: a few bits of a hash for each, so that a question
// after one reads only those blocks, and now and then one too many.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "evidence/index.h"
#include "evidence/index/packing.h"

namespace mailvigil::evidence::index {

/// That an actor occurs in a block.
struct ActorMark {
    std::uint64_t block = 0;
    std::uint16_t key = 0;  ///< low 8 bits: its bucket
};

/// The keys that a query's actor may stand under.
std::vector<std::uint16_t> actor_keys(const ActorQuery& query);

/// Whether the event is of that actor.
bool is_of(const Event& event, const ActorQuery& query);

/// Collects the marks of events, each once in its block.
class ActorMarks {
  public:
    /// The event's actors, in ascending order of leaves.
    void add(std::uint64_t leaf, const Event& event);

    [[nodiscard]] std::span<const ActorMark> marks() const { return marks_; }

    /// Forgets the marks of blocks that end at or before leaf `end`.
    void forget(std::uint64_t end);
    void clear();

  private:
    void mark(std::uint64_t block, std::uint16_t key);

    std::vector<ActorMark> marks_;
    std::vector<std::uint32_t> seen_ = std::vector<std::uint32_t>(65'536);  ///< by key: round
    std::uint32_t round_ = 0;
    std::uint64_t block_ = ~std::uint64_t{0};
};

/// A chunk of 65,536 leaves touches up to 257 blocks.
inline constexpr unsigned kBlockBits = 9;

/// Packs the marks of one bucket; `values` is (key >> 8) << kBlockBits | (block - first block).
void pack_marks(std::vector<std::uint32_t>& values, Packer& out);

/// Visits what pack_marks() packed. Error: damaged.
Result<void> unpack_marks(std::string_view blob,
                          const std::function<void(std::uint8_t key, std::uint64_t block)>& visit);

}  // namespace mailvigil::evidence::index
