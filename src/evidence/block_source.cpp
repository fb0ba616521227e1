#include "evidence/block_source.h"

#include <algorithm>

#include "evidence/frame.h"

namespace mailvigil::evidence {

namespace {

constexpr std::uint64_t kReadBytes = std::uint64_t{256} << 10U;
constexpr std::uint64_t kReadBytesMin = std::uint64_t{16} << 10U;

/// Keeps the first `most` good frames of `bytes`; returns how many there are.
std::uint64_t keep_frames(std::string& bytes, std::uint64_t most, bool& damaged) {
    FrameReader frames(bytes);
    std::string_view leaf;
    std::uint64_t count = 0;
    while (count < most && frames.next(leaf)) {
        ++count;
    }
    damaged = count < most && !frames.is_cut_off();
    bytes.resize(frames.offset());
    return count;
}

}  // namespace

Result<BlockSource> BlockSource::open(Disk& disk, Layout layout, End end, std::uint64_t sealed) {
    BlockSource source(disk, std::move(layout), end, sealed);
    TRY(source.refresh());
    return source;
}

Result<void> BlockSource::refresh() {
    segments_ = TRY(list_segments(*disk_, layout_));
    cached_.reset();
    return {};
}

const SegmentName* BlockSource::segment_of(std::uint64_t leaf) const {
    const auto after = std::ranges::upper_bound(segments_, leaf, {}, &SegmentName::first);
    return after == segments_.begin() ? nullptr : &*(after - 1);
}

std::uint64_t BlockSource::last_known_block() const {
    const auto log = logs_.find(last_segment());
    return last_segment() / kBlockLeaves +
           (log == logs_.end() ? 0 : log->second.offsets.size() - 1);
}

Result<const Block*> BlockSource::block(std::uint64_t number) {
    // Only a full block never changes.
    if (cached_ == number && block_.leaves == kBlockLeaves) {
        return &block_;
    }
    auto loaded = load(number);
    if (!loaded && loaded.error().code == ErrorCode::unknown) {
        // The writer may have sealed or begun a segment meanwhile.
        TRY(refresh());
        loaded = load(number);
    }
    if (!loaded) {
        return std::unexpected(std::move(loaded).error());
    }
    return &block_;
}

Result<void> BlockSource::load(std::uint64_t number) {
    const std::uint64_t leaf = number * kBlockLeaves;
    cached_.reset();
    const SegmentName* segment = segment_of(leaf);
    if (segment == nullptr) {
        return fail(
            ErrorCode::unknown,
            fmt::format("record {} is not in {} any more: it was pruned", leaf, layout_.folder));
    }
    if (segment->has_log) {
        TRY(read_log(*segment, number));
    } else {
        TRY(read_sealed(*segment, number));
    }
    cached_ = number;
    return {};
}

Result<void> BlockSource::check_end(std::uint64_t segment,
                                    std::uint64_t leaf,
                                    std::uint64_t offset,
                                    bool damaged) const {
    if (end_ == End::any || (!damaged && leaf >= sealed_)) {
        return {};
    }
    const std::string place = describe_place(layout_.log(segment), leaf, offset);
    return fail(ErrorCode::malformed,
                damaged ? fmt::format("{}: damaged; `mailvigil evidence verify` tells more", place)
                        : fmt::format("{}: the records end here, but {} were sealed; `mailvigil "
                                      "evidence verify` tells more",
                                      place,
                                      sealed_));
}

Result<void> BlockSource::read_sealed(const SegmentName& segment, std::uint64_t number) {
    const std::string path = layout_.sealed(segment.first);
    auto table = tables_.find(segment.first);
    if (table == tables_.end()) {
        table = tables_.emplace(segment.first, TRY(read_sealed_table(*disk_, path))).first;
    }
    const SealedTable& blocks = table->second;
    const std::uint64_t n = number - segment.first / kBlockLeaves;
    block_ = {.first = number * kBlockLeaves, .segment = segment.first};
    if (n >= blocks.blocks()) {
        // Either the end of the ledger, or a segment between was taken away.
        if (segment.first != last_segment()) {
            return fail(
                ErrorCode::malformed,
                fmt::format(
                    "{}: the segment with record {} is missing", layout_.segments(), block_.first));
        }
        return check_end(segment.first, segment.first + blocks.blocks() * kBlockLeaves, 0, false);
    }
    const std::uint64_t begin = blocks.offsets[n];
    const std::string compressed = TRY(disk_->read(path, begin, blocks.offsets[n + 1] - begin));
    const auto inflated = decompressor_->decompress(compressed, block_.frames);
    bool damaged = !inflated.has_value();
    const std::uint64_t whole = block_.frames.size();
    if (!damaged) {
        block_.leaves = keep_frames(block_.frames, kBlockLeaves, damaged);
    }
    if (damaged || block_.leaves != kBlockLeaves || block_.frames.size() != whole) {
        return fail(
            ErrorCode::malformed,
            fmt::format("{}: damaged", describe_place(path, block_.first + block_.leaves, begin)));
    }
    return {};
}

Result<void> BlockSource::read_log(const SegmentName& segment, std::uint64_t number) {
    const std::string path = layout_.log(segment.first);
    LogBlocks& log = logs_[segment.first];
    const std::uint64_t wanted = number - segment.first / kBlockLeaves;
    const bool last = segment.first == last_segment();
    // Where a block begins is known once the one before was read.
    std::uint64_t n = std::min<std::uint64_t>(wanted, log.offsets.size() - 1);
    for (;; ++n) {
        const std::uint64_t begin = log.offsets[n];
        block_ = {
            .first = segment.first + n * kBlockLeaves, .segment = segment.first, .offset = begin};
        bool damaged = false;
        // About as long as the block before, where that is known.
        const std::uint64_t likely = n == 0 ? kReadBytes : (begin - log.offsets[n - 1]) * 5 / 4;
        for (std::uint64_t want = std::max(likely, kReadBytesMin);; want *= 2) {
            block_.frames = TRY(disk_->read(path, begin, want));
            const bool all = block_.frames.size() < want;
            block_.leaves = keep_frames(block_.frames, kBlockLeaves, damaged);
            if (block_.leaves == kBlockLeaves || damaged || all) {
                break;
            }
        }
        const std::uint64_t end = begin + block_.frames.size();
        if (block_.leaves < kBlockLeaves && !last) {
            return fail(ErrorCode::malformed,
                        fmt::format("{}: damaged",
                                    describe_place(path, block_.first + block_.leaves, end)));
        }
        if (block_.leaves < kBlockLeaves) {
            TRY(check_end(segment.first, block_.first + block_.leaves, end, damaged));
        } else if (log.offsets.size() == n + 1) {
            log.offsets.push_back(end);
        }
        if (n == wanted || block_.leaves < kBlockLeaves) {
            break;
        }
    }
    if (n != wanted) {
        block_ = {.first = number * kBlockLeaves, .segment = segment.first};
    }
    return {};
}

Result<std::optional<Block>> BlockSource::open_frames(std::uint64_t segment,
                                                      std::uint64_t leaf,
                                                      std::uint64_t offset) {
    if (segments_.empty() || segment != last_segment() || !segments_.back().has_log) {
        return std::nullopt;
    }
    Block found{.first = leaf, .segment = segment, .offset = offset};
    bool damaged = false;
    for (std::uint64_t want = kReadBytes;; want *= 2) {
        auto bytes = disk_->read(layout_.log(segment), offset, want);
        if (!bytes) {
            return std::nullopt;
        }
        found.frames = std::move(*bytes);
        const bool all = found.frames.size() < want;
        if (found.frames.empty() && TRY(disk_->size(layout_.log(segment))) < offset) {
            return std::nullopt;  // shorter than it was: reading it from its start says why
        }
        found.leaves = keep_frames(found.frames, UINT64_MAX, damaged);
        if (damaged || all) {
            TRY(check_end(segment, leaf + found.leaves, offset + found.frames.size(), damaged));
        }
        if (found.leaves > 0 || all) {
            return found;
        }
    }
}

}  // namespace mailvigil::evidence
