#include "evidence/retention.h"

#include "evidence/key_chain.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence {

namespace {

Result<void> keep_keys(Disk& disk, const Layout& layout, std::uint64_t first) {
    const auto reader = TRY(LedgerReader::open(disk, layout.folder));
    for (const LeafProof& link : TRY(key_chain(disk, layout, *reader))) {
        if (link.index >= reader->first() && link.index < first) {
            TRY(replace_file(disk, layout.kept(), layout.kept_proof(link.index), render(link)));
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
