#include "evidence/retention.h"

#include <algorithm>

#include "event/canonical.h"
#include "event/event_batch.h"
#include "evidence/key_chain.h"

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

Result<std::uint64_t> highest_incident(LedgerReader& ledger,
                                       std::uint64_t from,
                                       std::uint64_t until) {
    std::uint64_t highest = 0;
    EventBatch batch;
    TRY(ledger.read(from, until, [&](std::uint64_t /*leaf*/, std::string_view bytes) {
        batch.clear();
        if (bytes.contains(R"("mailvigil.incident":)") && decode_canonical(bytes, batch)) {
            highest = std::max(highest, batch.events().front().finding_incident());
        }
        return true;
    }));
    return highest;
}

Result<std::uint64_t> highest_incident_before(Disk& disk,
                                              const Layout& layout,
                                              std::uint64_t first) {
    const auto reader = TRY(LedgerReader::open(disk, layout.folder));
    const auto segments = TRY(list_segments(disk, layout));
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i + 1 < segments.size() && segments[i].first < first; ++i) {
        const auto of_segment = highest_incident(*reader, segments[i].first, segments[i + 1].first);
        highest = std::max(highest, of_segment.value_or(0));
    }
    return highest;
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
