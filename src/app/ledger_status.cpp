#include "app/ledger_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "event/canonical.h"
#include "evidence/checkpoint.h"

namespace mailvigil::app {

namespace {

struct Segment {
    std::uint64_t first = 0;
    bool sealed = false;
    std::uint64_t bytes = 0;
};

/// Of a segment that is there twice, both.
Result<std::vector<Segment>> segments_of(evidence::Disk& disk, const std::string& folder) {
    const std::string path = fmt::format("{}/segments", folder);
    std::vector<Segment> segments;
    for (const std::string& name : TRY(disk.list(path))) {
        Segment segment;
        const auto [end, error] =
            std::from_chars(name.data(), name.data() + name.size(), segment.first);
        const std::string_view kind(end, name.data() + name.size());
        if (error != std::errc{} || (kind != ".log" && kind != ".zst")) {
            continue;
        }
        segment.sealed = kind == ".zst";
        segment.bytes = TRY(disk.size(fmt::format("{}/{}", path, name)));
        segments.push_back(segment);
    }
    return segments;
}

Result<void> count_segments(evidence::Disk& disk, const std::string& path, LedgerStatus& status) {
    const auto segments = TRY(segments_of(disk, path));
    for (const Segment& segment : segments) {
        status.segment_bytes += segment.bytes;
        if (segment.sealed) {
            ++status.segments_sealed;
        } else if (segment.first == segments.back().first) {
            ++status.segments_open;
        } else {
            ++status.segments_closed;
        }
    }
    return {};
}

void count_signatures(const std::vector<evidence::Checkpoint>& checkpoints, LedgerStatus& status) {
    std::set<std::uint32_t> own;
    std::map<std::string, WitnessStatus> witnesses;
    for (const evidence::Checkpoint& checkpoint : checkpoints) {
        for (const evidence::NoteSignature& signature : checkpoint.note.signatures) {
            if (signature.name == checkpoint.origin) {
                own.insert(signature.id);
                continue;
            }
            WitnessStatus& witness = witnesses[signature.name];
            witness.name = signature.name;
            witness.size = std::max(witness.size, checkpoint.head.size);
            ++witness.checkpoints;
        }
    }
    status.checkpoints = checkpoints.size();
    // One of the keys is the log key, which stays the same.
    status.epochs = own.empty() ? 0 : own.size() - 1;
    for (const auto& [name, witness] : witnesses) {
        status.witnesses.push_back(witness);
    }
}

}  // namespace

Result<std::string> genesis_leaf(evidence::Disk& disk, EvidenceFolder& folder) {
    if (folder.ledger().first() == 0) {
        return folder.ledger().leaf(0);
    }
    const std::string text =
        TRY(disk.read(fmt::format("{}/kept/{:020}.tlog-proof", folder.path(), 0)));
    evidence::LeafProof proof = TRY(evidence::parse_proof(text));
    return std::move(proof.extra);
}

Result<LedgerStatus> status_of(evidence::Disk& disk, EvidenceFolder& folder) {
    LedgerStatus status;
    status.state = TRY(folder.sealed());
    status.first = folder.ledger().first();
    status.indexed = folder.index().next_leaf();
    TRY(count_segments(disk, folder.path(), status));
    count_signatures(TRY(folder.ledger().checkpoints()), status);
    // A damaged genesis is for `verify` to tell of.
    EventBatch batch;
    if (const auto leaf = genesis_leaf(disk, folder); leaf && decode_canonical(*leaf, batch)) {
        const Event& genesis = batch.events().front();
        status.log_vkey = genesis.ledger_log_vkey();
        status.first_epoch_vkey = genesis.ledger_vkey();
    }
    return status;
}

Result<std::uint64_t> first_to_keep(evidence::Disk& disk,
                                    EvidenceFolder& folder,
                                    std::uint64_t bytes) {
    auto segments = TRY(segments_of(disk, folder.path()));
    std::uint64_t kept = 0;
    std::uint64_t first = segments.empty() ? 0 : segments.back().first;
    std::ranges::reverse(segments);
    for (const Segment& segment : segments) {
        kept += segment.bytes;
        if (kept > bytes) {
            break;
        }
        first = segment.first;
    }
    return first;
}

Result<std::uint64_t> first_since(EvidenceFolder& folder, Timestamp time) {
    std::uint64_t low = folder.ledger().first();
    std::uint64_t high = TRY(folder.ledger().size());
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        EventBatch batch;
        const Event& event = *TRY(folder.event(middle, batch));
        if (event.time < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

}  // namespace mailvigil::app
