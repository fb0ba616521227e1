#include "evidence/segment_writer.h"

#include "base/assert.h"
#include "base/sha256.h"
#include "evidence/frame.h"
#include "evidence/segment_sealer.h"

namespace mailvigil::evidence {

SegmentWriter::SegmentWriter(Disk& disk, Layout layout, Options options)
    : disk_(disk),
      layout_(std::move(layout)),
      options_(options),
      sealer_(std::make_unique<SegmentSealer>(disk,
                                              layout_,
                                              options.background_sealing
                                                  ? SegmentSealer::Where::in_background
                                                  : SegmentSealer::Where::at_once)) {}

SegmentWriter::~SegmentWriter() = default;

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::open(Disk& disk,
                                                           const Layout& layout,
                                                           const OpenSegment& open,
                                                           Options options) {
    std::unique_ptr<SegmentWriter> writer(new SegmentWriter(disk, layout, options));
    writer->segment_ = open.first;
    writer->durable_leaves_ = open.first + open.leaves;
    writer->durable_bytes_ = open.bytes;
    writer->queued_bytes_ = open.bytes;
    writer->queued_leaves_ = writer->durable_leaves_;
    writer->file_ = TRY(disk.open_append(layout.log(open.first)));
    TRY(disk.sync_folder(layout.segments()));
    return writer;
}

bool SegmentWriter::append(std::string_view leaf) {
    const std::size_t bytes = kFrameHeaderBytes + leaf.size();
    if (pending_bytes_ + bytes > options_.pending_bytes_max) {
        return false;
    }
    if (pending_.empty() || pending_.back().closes) {
        pending_.emplace_back();
    }
    Pending& run = pending_.back();
    append_frame(leaf, run.frames);
    ++run.leaves;
    ++queued_leaves_;
    queued_bytes_ += bytes;
    pending_bytes_ += bytes;
    if (queued_leaves_ % kBlockLeaves == 0 && queued_bytes_ >= options_.segment_bytes) {
        run.closes = true;
        queued_bytes_ = 0;
    }
    return true;
}

Result<void> SegmentWriter::commit(BlockRoots& roots) {
    while (!pending_.empty()) {
        TRY(write_front(roots));
    }
    return {};
}

Result<void> SegmentWriter::write_front(BlockRoots& roots) {
    Pending& run = pending_.front();
    if (!run.frames.empty()) {
        if (torn_) {
            TRY(file_->truncate(durable_bytes_));
        }
        torn_ = true;
        TRY(file_->append(run.frames));
        TRY(file_->sync());
        torn_ = false;
        durable_bytes_ += run.frames.size();
        durable_leaves_ += run.leaves;
        pending_bytes_ -= run.frames.size();
        run.frames.clear();
    }
    if (run.closes) {
        TRY(close_segment(roots));
    }
    pending_.pop_front();
    return {};
}

Result<void> SegmentWriter::close_segment(BlockRoots& roots) {
    MV_ASSERT(roots.first == segment_ / kBlockLeaves);
    const std::size_t bytes = (durable_leaves_ - segment_) / kBlockLeaves * sizeof(Sha256);
    {
        const auto tree = TRY(disk_.open_append(layout_.tree()));
        // What an earlier try may have written there goes first.
        if (TRY(disk_.size(layout_.tree())) != roots.first * sizeof(Sha256)) {
            TRY(tree->truncate(roots.first * sizeof(Sha256)));
        }
        TRY(tree->append(std::string_view(roots.bytes).substr(0, bytes)));
        TRY(tree->sync());
    }
    auto next = TRY(disk_.open_append(layout_.log(durable_leaves_)));
    TRY(disk_.sync_folder(layout_.folder));
    TRY(disk_.sync_folder(layout_.segments()));
    roots.bytes.erase(0, bytes);
    roots.first = durable_leaves_ / kBlockLeaves;
    const std::uint64_t closed = segment_;
    file_ = std::move(next);
    segment_ = durable_leaves_;
    durable_bytes_ = 0;
    sealer_->add(closed);
    return {};
}

void SegmentWriter::seal(std::uint64_t first) {
    sealer_->add(first);
}

Result<void> SegmentWriter::sealing_failure() {
    return sealer_->failure();
}

Result<void> SegmentWriter::finish_sealing() {
    return sealer_->finish();
}

}  // namespace mailvigil::evidence
