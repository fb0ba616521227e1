#include "app/ledger_status.h"

#include <algorithm>
#include <map>
#include <set>

#include "event/canonical.h"
#include "evidence/checkpoint.h"
#include "evidence/layout.h"

namespace mailvigil::app {

namespace {

/// Of a segment that is there twice, while it is compressed, both.
Result<std::uint64_t> bytes_of(evidence::Disk& disk,
                               const evidence::Layout& layout,
                               const evidence::SegmentName& segment) {
    std::uint64_t bytes = 0;
    if (segment.has_log) {
        bytes += TRY(disk.size(layout.log(segment.first)));
    }
    if (segment.has_sealed) {
        bytes += TRY(disk.size(layout.sealed(segment.first)));
    }
    return bytes;
}

Result<void> count_segments(evidence::Disk& disk, const std::string& path, LedgerStatus& status) {
    const evidence::Layout layout{path};
    const auto segments = TRY(evidence::list_segments(disk, layout));
    for (const evidence::SegmentName& segment : segments) {
        status.segment_bytes += TRY(bytes_of(disk, layout, segment));
        status.segments_sealed += segment.has_sealed ? 1 : 0;
        if (segment.has_log) {
            const bool open = segment.first == segments.back().first;
            ++(open ? status.segments_open : status.segments_closed);
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
    const std::string text = TRY(disk.read(evidence::Layout{folder.path()}.kept_proof(0)));
    evidence::LeafProof proof = TRY(evidence::parse_proof(text));
    return std::move(proof.extra);
}

Result<evidence::VerifierKey> log_key_of(evidence::Disk& disk, EvidenceFolder& folder) {
    const std::string leaf = TRY(genesis_leaf(disk, folder));
    EventBatch batch;
    TRY(decode_canonical(leaf, batch));
    return evidence::parse_vkey(batch.events().front().ledger_log_vkey());
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
    const evidence::Layout layout{folder.path()};
    auto segments = TRY(evidence::list_segments(disk, layout));
    std::uint64_t kept = 0;
    std::uint64_t first = segments.empty() ? 0 : segments.back().first;
    std::ranges::reverse(segments);
    for (const evidence::SegmentName& segment : segments) {
        kept += TRY(bytes_of(disk, layout, segment));
        if (kept > bytes) {
            break;
        }
        first = segment.first;
    }
    return first;
}

Result<std::uint64_t> first_sealed_since(EvidenceFolder& folder, Timestamp time) {
    std::vector<evidence::Checkpoint> checkpoints = TRY(folder.ledger().checkpoints());
    std::erase_if(checkpoints, [&](const evidence::Checkpoint& checkpoint) {
        return checkpoint.head.size <= folder.ledger().first();
    });
    // A seal is the last leaf below its checkpoint; seals are in order of the ledger's clock.
    std::size_t low = 0;
    std::size_t high = checkpoints.size();
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        EventBatch batch;
        const Event& seal = *TRY(folder.event(checkpoints[middle].head.size - 1, batch));
        if (seal.time < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? folder.ledger().first() : checkpoints[low - 1].head.size;
}

}  // namespace mailvigil::app
