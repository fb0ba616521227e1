#include "evidence/retention.h"

#include <algorithm>

#include "evidence/checkpoint_log.h"
#include "evidence/ledger_reader.h"
#include "evidence/seal.h"

namespace mailvigil::evidence {

namespace {

/// The proof of a seal under the checkpoint that it ends.
Result<void> keep(Disk& disk,
                  const Layout& layout,
                  LedgerReader& reader,
                  const Checkpoint& checkpoint,
                  std::uint64_t leaf,
                  std::string_view bytes) {
    LeafProof proof;
    proof.extra = bytes;
    proof.index = leaf;
    proof.checkpoint = checkpoint;
    proof.path = TRY(inclusion_path(reader, leaf, leaf + 1));
    return replace_file(disk, layout.kept(), layout.kept_proof(leaf), render(proof));
}

Result<void> keep_keys(Disk& disk, const Layout& layout, std::uint64_t first) {
    const auto reader = TRY(LedgerReader::open(disk, layout.folder));
    const std::vector<Checkpoint> checkpoints = TRY(reader->checkpoints());
    // Found first, proven afterwards: a proof needs the reader's one block too.
    std::vector<std::pair<std::uint64_t, std::string>> keys;
    Result<void> failed;
    TRY(reader->read(reader->first(), first, [&](std::uint64_t leaf, std::string_view bytes) {
        auto seal = parse_seal(leaf, bytes);
        if (!seal) {
            failed = std::unexpected(seal.error());
            return false;
        }
        if (*seal &&
            ((*seal)->action == SealAction::genesis || (*seal)->action == SealAction::key)) {
            keys.emplace_back(leaf, bytes);
        }
        return true;
    }));
    TRY(std::move(failed));
    for (const auto& [leaf, bytes] : keys) {
        const auto signing = std::ranges::find(
            checkpoints, leaf + 1, [](const Checkpoint& entry) { return entry.head.size; });
        // A key whose seal was never signed never counted.
        if (signing != checkpoints.end()) {
            TRY(keep(disk, layout, *reader, *signing, leaf, bytes));
        }
    }
    return {};
}

}  // namespace

Result<std::uint64_t> first_present(Disk& disk, const Layout& layout) {
    const auto segments = TRY(list_segments(disk, layout));
    return segments.empty() ? 0 : segments.front().first;
}

Result<std::uint64_t> first_to_keep(Disk& disk, const Layout& layout, std::uint64_t leaf) {
    std::uint64_t stays = TRY(first_present(disk, layout));
    for (const SegmentName& segment : TRY(list_segments(disk, layout))) {
        if (segment.first <= leaf) {
            stays = segment.first;
        }
    }
    return stays;
}

Result<void> remove_before(Disk& disk, const Layout& layout, std::uint64_t first) {
    const auto segments = TRY(list_segments(disk, layout));
    if (segments.empty() || segments.front().first >= first) {
        return {};
    }
    TRY(disk.make_folder(layout.kept()));
    TRY(disk.sync_folder(layout.folder));
    TRY(keep_keys(disk, layout, first));
    // Oldest first: what is left after a crash has no hole.
    for (const SegmentName& segment : segments) {
        if (segment.first >= first) {
            break;
        }
        if (segment.has_log) {
            TRY(disk.remove(layout.log(segment.first)));
        }
        if (segment.has_sealed) {
            TRY(disk.remove(layout.sealed(segment.first)));
        }
        TRY(disk.sync_folder(layout.segments()));
    }
    return {};
}

}  // namespace mailvigil::evidence
