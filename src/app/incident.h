// An incident as the ledger has it: its findings, and every record that they rest on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/evidence_folder.h"
#include "base/result.h"
#include "base/time.h"
#include "evidence/index.h"

namespace mailvigil::app {

/// What the ledger holds about one incident. Leaves in order.
struct IncidentRecords {
    std::vector<std::uint64_t> findings;
    std::vector<std::uint64_t> accesses;
    std::vector<std::uint64_t> lineage;  ///< starts of processes
    std::vector<std::uint64_t> gaps;     ///< what is missing from its span
    std::vector<std::uint64_t> others;   ///< changed configuration, contents, closing

    /// All of them, each once.
    [[nodiscard]] std::vector<std::uint64_t> all() const;
};

/// Error: unknown, with the numbers that there are.
Result<evidence::IncidentRow> find_incident(EvidenceFolder& folder, std::uint64_t number);

Result<IncidentRecords> records_of(EvidenceFolder& folder, const evidence::IncidentRow& incident);

/// Who closes an incident, and why.
struct Closing {
    std::uint64_t incident = 0;
    std::string reason;
    std::string by;
};

/// Seals the closing and brings it into the index; returns its leaf. Error: an unknown or closed
/// incident, an empty reason or name, a ledger that cannot be written.
Result<std::uint64_t> close_incident(evidence::Disk& disk,
                                     const std::string& folder,
                                     const Closing& closing,
                                     Timestamp now);

/// Seals a `prune` leaf, removes the segments before `first` and brings the index up to date.
/// Returns the first leaf that stays.
Result<std::uint64_t> prune_folder(evidence::Disk& disk,
                                   const std::string& folder,
                                   std::uint64_t first,
                                   std::string_view reason,
                                   Timestamp now);

/// The login user id of this process, which su and sudo do not change; absent: it has none.
std::optional<std::uint64_t> own_login_user_id();

}  // namespace mailvigil::app
