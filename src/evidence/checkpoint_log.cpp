#include "evidence/checkpoint_log.h"

namespace mailvigil::evidence {

CheckpointLog parse_checkpoint_log(std::string_view bytes) {
    CheckpointLog log;
    while (!bytes.empty()) {
        // A note has one empty line within (before its signatures) and, here, one behind.
        const std::size_t inner = bytes.find("\n\n");
        const std::size_t outer =
            inner == std::string_view::npos ? inner : bytes.find("\n\n", inner + 2);
        if (outer == std::string_view::npos) {
            break;
        }
        auto checkpoint = parse_checkpoint(bytes.substr(0, outer + 1));
        // Whatever is written differently from how it would be rendered is not what was written.
        if (!checkpoint || render(*checkpoint) != bytes.substr(0, outer + 1)) {
            break;
        }
        log.entries.push_back(std::move(*checkpoint));
        log.whole_bytes += outer + 2;
        bytes.remove_prefix(outer + 2);
    }
    log.remainder = bytes;
    return log;
}

bool may_be_cut_off(std::string_view remainder) {
    const std::size_t inner = remainder.find("\n\n");
    return inner == std::string_view::npos ||
           remainder.find("\n\n", inner + 2) == std::string_view::npos;
}

std::string render_entry(const Checkpoint& checkpoint) {
    return render(checkpoint) + "\n";
}

Result<CheckpointWriter> CheckpointWriter::open(Disk& disk,
                                                const Layout& layout,
                                                std::uint64_t size) {
    CheckpointWriter writer(disk, layout);
    writer.file_ = TRY(disk.open_append(layout.checkpoints()));
    writer.bytes_ = size;
    writer.torn_ = true;
    return writer;
}

Result<void> CheckpointWriter::make_whole() {
    if (torn_) {
        TRY(file_->truncate(bytes_));
        torn_ = false;
    }
    return {};
}

Result<void> CheckpointWriter::add(const Checkpoint& checkpoint) {
    TRY(make_whole());
    const std::string entry = render_entry(checkpoint);
    torn_ = true;
    Result<void> done = file_->append(entry);
    if (done) {
        done = file_->sync();
    }
    if (!done) {
        // What is told to have failed must not stand there. It stays torn all the same: of a disk
        // that just failed not even a cut is to be believed.
        (void)file_->truncate(bytes_);
        return done;
    }
    torn_ = false;
    bytes_ += entry.size();
    newest_ = render(checkpoint);
    shown_ = false;
    return {};
}

Result<void> CheckpointWriter::show() {
    if (!shown_) {
        TRY(replace_file(*disk_, layout_.folder, layout_.checkpoint(), newest_));
        shown_ = true;
    }
    return {};
}

}  // namespace mailvigil::evidence
