#include "app/evidence_folder.h"

#include <fmt/format.h>

#include "base/escape.h"
#include "event/canonical.h"

namespace mailvigil::app {

namespace {

/// Without the lock a writer's own index would be written behind its back.
void catch_up_if_nobody_writes(evidence::Disk& disk,
                               const std::string& path,
                               std::unique_ptr<evidence::Index>& index,
                               evidence::LedgerReader& ledger) {
    const auto size = ledger.size();
    if (!size || *size <= index->next_leaf() + EvidenceFolder::kBehindMax) {
        return;
    }
    // Whatever fails here costs time, not the answer: the ledger's end is read instead.
    const auto lock = disk.lock(lock_file(path));
    if (!lock) {
        return;
    }
    auto writable = evidence::Index::open(path, evidence::Index::Mode::write);
    if (writable && (*writable)->catch_up(ledger, [](std::uint64_t) {})) {
        index = std::move(*writable);
    }
}

}  // namespace

std::string asked_of(std::string_view folder, std::string_view command) {
    return folder == kDefaultEvidence
               ? std::string(command)
               : fmt::format("{} --evidence {}", command, shell_quote(folder));
}

std::string lock_file(std::string_view folder) {
    return fmt::format("{}/lock", folder);
}

Result<EvidenceFolder> EvidenceFolder::open(evidence::Disk& disk, std::string path) {
    EvidenceFolder folder;
    folder.path_ = std::move(path);
    folder.ledger_ = TRY(evidence::LedgerReader::open(disk, folder.path_));
    folder.index_ = TRY(evidence::Index::open(folder.path_, evidence::Index::Mode::read));
    catch_up_if_nobody_writes(disk, folder.path_, folder.index_, *folder.ledger_);
    return folder;
}

Result<SealedState> EvidenceFolder::sealed() {
    SealedState state;
    state.size = TRY(ledger_->size());
    const auto checkpoints = TRY(ledger_->checkpoints());
    if (checkpoints.empty()) {
        return state;
    }
    state.origin = checkpoints.back().origin;
    state.sealed = checkpoints.back().head.size;
    if (state.sealed > 0) {
        EventBatch batch;
        if (const auto seal = event(state.sealed - 1, batch)) {
            state.time = (*seal)->time;
        }
    }
    return state;
}

Result<const Event*> EvidenceFolder::event(std::uint64_t leaf, EventBatch& batch) {
    batch.clear();
    const std::string bytes = TRY(ledger_->leaf(leaf));
    TRY(decode_canonical(bytes, batch));
    return &batch.events().front();
}

Result<std::uint64_t> write_index(evidence::Disk& disk,
                                  const std::string& path,
                                  Rebuild rebuild,
                                  const std::function<void(std::uint64_t)>& progress) {
    const auto ledger = TRY(evidence::LedgerReader::open(disk, path));
    const auto index = TRY(evidence::Index::open(path, evidence::Index::Mode::write));
    if (rebuild == Rebuild::everything) {
        TRY(index->clear());
    }
    TRY(index->catch_up(*ledger, progress));
    return index->next_leaf();
}

}  // namespace mailvigil::app
