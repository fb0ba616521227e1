// A case bundle: records of a ledger with their proofs and a report, to be handed to somebody who
// has neither the ledger nor the host. docs/case-bundle.md is the format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/evidence_folder.h"
#include "base/result.h"
#include "evidence/note.h"
#include "output/report.h"

namespace mailvigil::app {

inline constexpr std::size_t kBundleRecordsMax = 50'000;

struct BundleRequest {
    std::optional<std::uint64_t> incident;  ///< absent: everything in `span`
    evidence::TimeSpan span;
    std::string to;  ///< the new folder
    Timestamp now{};
};

struct BundleSummary {
    std::uint64_t records = 0;
    std::uint64_t proofs = 0;
    std::vector<std::uint64_t> unproved;  ///< records that are not sealed yet
};

/// Writes the bundle. Error: the folder is there already, nothing to hand over, too much.
Result<BundleSummary> export_bundle(evidence::Disk& disk,
                                    EvidenceFolder& folder,
                                    const BundleRequest& request);

struct BundleRecord {
    std::uint64_t leaf = 0;
    std::string bytes;
    bool sealed = true;  ///< false: it was not yet when the bundle was made
    bool proved = false;
};

struct BundleReport {
    std::vector<std::string> damages;
    std::vector<BundleRecord> records;
    std::uint64_t proved = 0;
    std::vector<std::uint64_t> unsealed;  ///< marked as not sealed yet: nothing proves them
    /// report.html is what this version makes of the records. Otherwise somebody altered it, or
    /// another version made it.
    bool page_agrees = false;
    std::string origin;
    std::uint64_t size = 0;  ///< of the tree that its newest checkpoint is of
    std::optional<evidence::VerifierKey> first_key;  ///< the given one, else what the bundle claims

    [[nodiscard]] bool good() const { return damages.empty(); }
};

/// Verifies a bundle with nothing else at hand than, perhaps, the ledger's first epoch key from
/// elsewhere. Error only where it can't be read.
Result<BundleReport> import_bundle(evidence::Disk& disk,
                                   const std::string& path,
                                   const std::optional<evidence::VerifierKey>& first_key);

/// The page that goes with those records.
output::Report bundle_page(const std::vector<BundleRecord>& records,
                           std::string_view origin,
                           Timestamp now);

/// What the file `bundle` says: how much there must be.
std::string render_bundle_counts(std::uint64_t records, std::uint64_t unsealed);

/// A line of records.ndjson.
std::string render_bundle_line(const BundleRecord& record);
Result<BundleRecord> parse_bundle_line(std::string_view line);

}  // namespace mailvigil::app
