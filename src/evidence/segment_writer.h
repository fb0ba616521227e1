// SegmentWriter: leaves into segments, durable in groups; closes and seals segments as they fill.
// Knows nothing of trees and keys.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence {

class SegmentSealer;

/// Roots of consecutive full blocks.
struct BlockRoots {
    std::uint64_t first = 0;  ///< number of the first block
    std::string bytes;        ///< 32 for each
};

/// Where writing goes on: the open segment and what is in it.
struct OpenSegment {
    std::uint64_t first = 0;
    std::uint64_t leaves = 0;
    std::uint64_t bytes = 0;
};

class SegmentWriter {
  public:
    struct Options {
        std::uint64_t segment_bytes = 0;
        std::size_t pending_bytes_max = 0;
        bool background_sealing = true;
    };

    /// Goes on after `open`; its file is there or is made.
    static Result<std::unique_ptr<SegmentWriter>> open(Disk& disk,
                                                       const Layout& layout,
                                                       const OpenSegment& open,
                                                       Options options);
    ~SegmentWriter();

    /// Queues a leaf. False: no room, nothing is queued.
    bool append(std::string_view leaf);

    /// Writes and syncs all that is queued, closing segments on the way. After an error the same
    /// may be tried again: nothing of it is lost. `roots`: of the full blocks from the beginning of
    /// the open segment on; those of a segment that closes are moved to `tree`.
    Result<void> commit(BlockRoots& roots);

    [[nodiscard]] std::uint64_t durable() const { return durable_leaves_; }

    /// Where the durable leaves end.
    [[nodiscard]] Position position() const {
        return {.leaf = durable_leaves_, .segment = segment_, .offset = durable_bytes_};
    }

    /// Has a closed segment compressed.
    void seal(std::uint64_t first);

    /// The first compression that failed since it was asked for. Does not wait.
    Result<void> sealing_failure();

    /// Waits for the compression that is under way; then the same.
    Result<void> finish_sealing();

  private:
    /// A run of frames that ends where a segment closes, or now.
    struct Pending {
        std::string frames;
        std::uint64_t leaves = 0;
        bool closes = false;
    };

    SegmentWriter(Disk& disk, Layout layout, Options options);

    Result<void> write_front(BlockRoots& roots);
    Result<void> close_segment(BlockRoots& roots);

    Disk& disk_;
    Layout layout_;
    Options options_;
    std::unique_ptr<AppendFile> file_;
    bool torn_ = false;  ///< a write failed: cut before the next
    std::uint64_t segment_ = 0;
    std::uint64_t durable_leaves_ = 0;
    std::uint64_t durable_bytes_ = 0;  ///< of the open segment
    std::uint64_t queued_bytes_ = 0;   ///< of the segment that is being filled, queued ones too
    std::uint64_t queued_leaves_ = 0;  ///< all leaves, queued ones too
    std::size_t pending_bytes_ = 0;
    std::deque<Pending> pending_;
    std::unique_ptr<SegmentSealer> sealer_;
};

}  // namespace mailvigil::evidence
