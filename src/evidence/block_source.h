// BlockSource: the uncompressed blocks of an evidence folder's segments, whichever form they have.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/sealed_segment.h"

namespace mailvigil::evidence {

/// Frames of (part of) one block.
struct Block {
    std::uint64_t first = 0;   ///< its first leaf
    std::uint64_t leaves = 0;  ///< whole, good frames; fewer than 256 only at the ledger's end
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;  ///< of its first frame in the uncompressed segment; 0 where sealed
    std::string frames{};      ///< just the good ones
};

/// One thread. A writer may append, close and seal meanwhile.
class BlockSource {
  public:
    /// What the end of the ledger may look like.
    enum class End : std::uint8_t {
        sealed,  ///< at most part of a record behind the last, and none missing that was signed
        any,     ///< whatever a crash leaves: for the writer, which mends it
    };

    /// `sealed`: leaves below are under a checkpoint that was read before this is called. An end
    /// that comes earlier, or a bad record in the open segment, is damage and not the end.
    static Result<BlockSource> open(Disk& disk, Layout layout, End end, std::uint64_t sealed);

    [[nodiscard]] std::uint64_t first() const { return segments_.front().first; }

    [[nodiscard]] bool empty() const { return segments_.empty(); }

    /// First leaf of the last segment.
    [[nodiscard]] std::uint64_t last_segment() const { return segments_.back().first; }

    /// The ledger has all blocks before this one: where to begin to look for its end.
    [[nodiscard]] std::uint64_t last_known_block() const;

    /// The block that holds leaf `number * 256`. A block beyond the end has no leaves. Errors:
    /// unknown (pruned), malformed (damage, with where). Valid until the next call.
    Result<const Block*> block(std::uint64_t number);

    /// The frames from `offset` of the open segment `segment` on, whose first is leaf `leaf`; at
    /// most a few hundred kB of them. No block at all where that segment is not open any more.
    Result<std::optional<Block>> open_frames(std::uint64_t segment,
                                             std::uint64_t leaf,
                                             std::uint64_t offset);

    /// Lists the segments anew.
    Result<void> refresh();

  private:
    struct LogBlocks {
        std::vector<std::uint64_t> offsets{0};  ///< where each block begins, as far as was read
    };

    BlockSource(Disk& disk, Layout layout, End end, std::uint64_t sealed)
        : disk_(&disk), layout_(std::move(layout)), end_(end), sealed_(sealed) {}

    [[nodiscard]] const SegmentName* segment_of(std::uint64_t leaf) const;
    Result<void> read_sealed(const SegmentName& segment, std::uint64_t number);
    Result<void> read_log(const SegmentName& segment, std::uint64_t number);
    Result<void> load(std::uint64_t number);

    /// Whether the open segment may end behind these frames. `offset`: where they end.
    Result<void> check_end(std::uint64_t segment,
                           std::uint64_t leaf,
                           std::uint64_t offset,
                           bool damaged) const;

    Disk* disk_;
    Layout layout_;
    End end_;
    std::uint64_t sealed_;
    std::vector<SegmentName> segments_;
    std::map<std::uint64_t, SealedTable> tables_;
    std::map<std::uint64_t, LogBlocks> logs_;
    std::unique_ptr<BlockDecompressor> decompressor_ = std::make_unique<BlockDecompressor>();
    std::optional<std::uint64_t> cached_;
    Block block_;
};

}  // namespace mailvigil::evidence
