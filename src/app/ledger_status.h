// What there is to say about an evidence folder without reading its leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/evidence_folder.h"
#include "base/result.h"
#include "evidence/note.h"

namespace mailvigil::app {

struct WitnessStatus {
    std::string name;
    std::uint64_t size = 0;  ///< of the newest checkpoint with its cosignature; not verified here
    std::uint64_t checkpoints = 0;
};

struct LedgerStatus {
    SealedState state;
    std::string log_vkey;          ///< from the genesis leaf; empty: it is not there
    std::string first_epoch_vkey;  ///< the same
    std::uint64_t first = 0;       ///< first leaf that is there
    std::uint64_t indexed = 0;     ///< leaves below are in the index
    std::uint64_t segments_open = 0;
    std::uint64_t segments_closed = 0;
    std::uint64_t segments_sealed = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t epochs = 0;  ///< as the signatures on the checkpoints say
    std::vector<WitnessStatus> witnesses;
};

Result<LedgerStatus> status_of(evidence::Disk& disk, EvidenceFolder& folder);

/// The key that signs every checkpoint, by leaf 0, whose name is the ledger's origin.
Result<evidence::VerifierKey> log_key_of(evidence::Disk& disk, EvidenceFolder& folder);

/// Leaf 0 and its proof where it was pruned: it names the keys.
Result<std::string> genesis_leaf(evidence::Disk& disk, EvidenceFolder& folder);

/// The first leaf of the oldest segments that may stay if their files are to hold at most `bytes`.
Result<std::uint64_t> first_to_keep(evidence::Disk& disk,
                                    EvidenceFolder& folder,
                                    std::uint64_t bytes);

/// The first leaf that was not sealed before `time`, by the clock of the ledger, which the seals
/// carry. The time of what a leaf tells of does not count: an old log may be read late.
Result<std::uint64_t> first_sealed_since(EvidenceFolder& folder, Timestamp time);

}  // namespace mailvigil::app
