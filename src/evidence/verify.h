// Verification of a whole evidence folder, by the rules of docs/evidence-format.md, "To verify a
// ledger".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"

namespace mailvigil::evidence {

struct VerifyOptions {
    std::optional<VerifierKey> first_epoch_key{};  ///< pinned at installation
    std::vector<Checkpoint> anchors{};            ///< checkpoints that were seen elsewhere
    std::vector<VerifierKey> witnesses{};         ///< whose cosignatures to count
    unsigned threads = 1;
    std::function<void(std::uint64_t leaves)> progress{};
};

/// One thing that is wrong.
struct Damage {
    std::string where;  ///< "segments/….log, record 17, byte 3344", "checkpoints, size 40"
    std::string what;   ///< one sentence
};

inline constexpr std::size_t kDamagesMax = 100;

struct VerifyReport {
    std::vector<Damage> damages;  ///< the first kDamagesMax
    std::uint64_t damage_count = 0;
    std::string origin;
    std::uint64_t first = 0;             ///< first leaf that is there
    std::uint64_t leaves = 0;            ///< leaves that were hashed
    std::uint64_t sealed = 0;            ///< size of the newest good checkpoint
    std::uint64_t unsealed = 0;          ///< leaves after it
    std::uint64_t unfinished_bytes = 0;  ///< behind the last leaf: being written, or cut off
    std::uint64_t checkpoints = 0;
    std::uint64_t cosigned = 0;  ///< largest size with a valid cosignature of a given witness
    std::uint64_t anchored = 0;  ///< largest anchor that agrees
    std::uint64_t epochs = 0;
    std::optional<VerifierKey> first_epoch_key;

    [[nodiscard]] bool good() const { return damage_count == 0; }
};

/// Error only where the folder can't be read at all; everything wrong in it is in the report.
Result<VerifyReport> verify(Disk& disk, const std::string& folder, const VerifyOptions& options);

}  // namespace mailvigil::evidence
