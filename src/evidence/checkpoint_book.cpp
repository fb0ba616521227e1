#include "evidence/checkpoint_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "evidence/checkpoint_log.h"

namespace mailvigil::evidence {

namespace {

/// While a writer is waited for, the files are looked at so often.
constexpr Duration kLookEvery = std::chrono::milliseconds(20);

std::string place(std::uint64_t size) {
    return fmt::format("checkpoints, size {}", size);
}

}  // namespace

void CheckpointBook::read() {
    shown_ = read_whole(disk_, layout_.checkpoint(), kNoteBytesMax);
    const auto bytes = read_whole(disk_, layout_.checkpoints(), kCheckpointsBytesMax);
    if (!bytes) {
        damaged_("checkpoints", bytes.error().message);
        return;
    }
    take_log(*bytes);
    read_first_ = entries_.size();
    // An older one may be the newest of just now.
    const std::string_view all = *bytes;
    shown_is_foreign_ =
        shown_ && !all.starts_with(*shown_ + "\n") && !all.contains("\n\n" + *shown_ + "\n");
    if (shown_is_foreign_) {
        damaged_("checkpoint", "not the last one of the file checkpoints, nor any of them");
    }
}

void CheckpointBook::take_log(std::string_view bytes) {
    CheckpointLog log = parse_checkpoint_log(bytes);
    whole_bytes_ += log.whole_bytes;
    cut_off_ = !log.remainder.empty();
    for (Checkpoint& entry : log.entries) {
        add(std::move(entry));
    }
    if (cut_off_ && !may_be_cut_off(log.remainder)) {
        damaged_("checkpoints",
                 fmt::format("byte {}: what follows is no checkpoint", whole_bytes_));
        cut_off_ = false;
    }
}

void CheckpointBook::add(Checkpoint entry) {
    const std::string where = place(entry.head.size);
    if (origin_.empty()) {
        origin_ = entry.origin;
    }
    if (entry.origin != origin_) {
        damaged_(where, fmt::format("of another ledger: {}", entry.origin));
        return;
    }
    if (entry.head.size == 0 ||
        entry.note.text != make_checkpoint(entry.origin, entry.head).note.text) {
        damaged_(where, "not the three lines that a checkpoint of a ledger has");
        return;
    }
    if (!entries_.empty()) {
        const Checkpoint& before = entries_.back();
        if (entry.head.size < before.head.size) {
            damaged_(where, fmt::format("smaller than the one before, {}", before.head.size));
            return;
        }
        if (entry.head.size == before.head.size) {
            if (entry.head.root != before.head.root) {
                damaged_(where, "two roots for one size: the ledger was forked");
                return;
            }
            check_repeated(before, entry, where);
            entries_.back() = std::move(entry);
            return;
        }
    }
    sizes_.push_back(entry.head.size);
    entries_.push_back(std::move(entry));
}

/// The same checkpoint again gains signatures and loses none.
void CheckpointBook::check_repeated(const Checkpoint& before,
                                    const Checkpoint& again,
                                    const std::string& where) {
    for (const NoteSignature& signature : before.note.signatures) {
        if (std::ranges::find(again.note.signatures, signature) == again.note.signatures.end()) {
            damaged_(where, "stands there again without a signature that it had");
        }
    }
}

void CheckpointBook::look_again() {
    const std::uint64_t before = whole_bytes_;
    shown_ = read_whole(disk_, layout_.checkpoint(), kNoteBytesMax);
    const auto size = disk_.size(layout_.checkpoints());
    if (!size || *size < whole_bytes_) {
        return;
    }
    const auto more = disk_.read(layout_.checkpoints(), whole_bytes_, *size - whole_bytes_);
    if (more) {
        take_log(*more);
    }
    went_on_ = went_on_ || whole_bytes_ != before;
}

bool CheckpointBook::is_shown_behind() const {
    return !shown_is_foreign_ && !entries_.empty() &&
           (!shown_ || *shown_ != render(entries_.back()));
}

bool CheckpointBook::is_unsigned(std::optional<std::uint64_t> last_seal) const {
    return last_seal && !sizes_.empty() && *last_seal + 1 > sizes_.back();
}

void CheckpointBook::read_on(std::optional<std::uint64_t> last_seal, Duration patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    // Of a writer that went on, only what was seen of it must be finished.
    const auto is_unfinished = [&] {
        return is_unsigned(last_seal) || (!went_on_ && (cut_off_ || is_shown_behind()));
    };
    while (is_unfinished()) {
        look_again();
        if (!is_unfinished() || std::chrono::steady_clock::now() >= until) {
            break;
        }
        std::this_thread::sleep_for(kLookEvery);
    }
    if (is_unsigned(last_seal)) {
        damaged_(fmt::format("record {}", *last_seal),
                 "a seal without its checkpoint: the writer was killed just there, or the newest "
                 "checkpoint was removed");
    }
    if (!went_on_ && cut_off_) {
        damaged_("checkpoints",
                 fmt::format("byte {}: what follows is no whole checkpoint", whole_bytes_));
    }
    if (!went_on_ && is_shown_behind()) {
        damaged_("checkpoint",
                 shown_ ? "not the last one of the file checkpoints" : shown_.error().message);
    }
}

const Checkpoint* CheckpointBook::find(std::uint64_t size) const {
    const Checkpoint* newest = newest_until(size);
    return newest != nullptr && newest->head.size == size ? newest : nullptr;
}

const Checkpoint* CheckpointBook::newest_until(std::uint64_t size) const {
    const auto after = std::ranges::upper_bound(sizes_, size);
    return after == sizes_.begin()
               ? nullptr
               : &entries_[static_cast<std::size_t>(after - sizes_.begin()) - 1];
}

}  // namespace mailvigil::evidence
