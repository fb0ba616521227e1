#include "evidence/segment_sealer.h"

#include "evidence/sealed_segment.h"

namespace mailvigil::evidence {

SegmentSealer::SegmentSealer(Disk& disk, Layout layout, Where where)
    : disk_(disk), layout_(std::move(layout)) {
    if (where == Where::in_background) {
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
}

SegmentSealer::~SegmentSealer() = default;

void SegmentSealer::add(std::uint64_t first) {
    if (!thread_.joinable()) {
        note(seal_segment(disk_, layout_, first));
        return;
    }
    const std::lock_guard lock(mutex_);
    waiting_.push_back(first);
    changed_.notify_all();
}

Result<void> SegmentSealer::failure() {
    const std::lock_guard lock(mutex_);
    return take_error();
}

Result<void> SegmentSealer::finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.empty() && !busy_; });
    return take_error();
}

Result<void> SegmentSealer::take_error() {
    if (error_) {
        Error error = std::move(*error_);
        error_.reset();
        return std::unexpected(std::move(error));
    }
    return {};
}

void SegmentSealer::note(const Result<void>& result) {
    if (!result && !error_) {
        error_ = result.error();
    }
}

void SegmentSealer::work(const std::stop_token& stop) {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
        if (stop.stop_requested()) {
            return;
        }
        const std::uint64_t first = waiting_.front();
        waiting_.pop_front();
        busy_ = true;
        lock.unlock();
        const Result<void> result = seal_segment(disk_, layout_, first);
        lock.lock();
        note(result);
        busy_ = false;
        changed_.notify_all();
    }
}

}  // namespace mailvigil::evidence
