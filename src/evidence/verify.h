// Verification of a whole evidence folder, by the rules of docs/evidence-format.md, "To verify a
// ledger".
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"

namespace mailvigil::evidence {

struct VerifyOptions {
    std::optional<VerifierKey> first_epoch_key{};  ///< pinned at installation
    std::vector<Checkpoint> anchors{};             ///< checkpoints that were seen elsewhere
    std::vector<VerifierKey> witnesses{};          ///< each must have cosigned something
    unsigned threads = 1;
    /// How long a writer that goes on may take for what it has begun: a seal without its checkpoint
    /// and the like are damage only after so much time.
    Duration patience{};
    std::function<void(std::uint64_t leaves)> progress{};
};

/// One thing that is wrong.
struct Damage {
    std::string where;  ///< "segments/….log, record 17, byte 3344", "checkpoints, size 40"
    std::string what;   ///< one sentence
};

/// Takes what is wrong: where, what.
using TellDamage = std::function<void(std::string where, std::string what)>;

inline constexpr std::size_t kDamagesMax = 100;
inline constexpr std::size_t kPrunesToldMax = 1000;

/// A removal that the ledger says of itself.
struct Prune {
    std::uint64_t leaf = 0;   ///< of its seal
    std::uint64_t first = 0;  ///< the first leaf that stays
    Timestamp time{};
    std::string reason;
};

/// What a given witness has seen.
struct Cosigned {
    std::string witness;
    std::uint64_t size = 0;  ///< the largest with a valid cosignature; 0: none has one
};

struct VerifyReport {
    std::vector<Damage> damages;  ///< the first kDamagesMax
    std::uint64_t damage_count = 0;
    std::string origin;
    std::uint64_t first = 0;     ///< first leaf that is there
    std::uint64_t leaves = 0;    ///< leaves that were hashed
    std::uint64_t sealed = 0;    ///< size of the newest checkpoint whose records, signatures and
                                 ///< predecessors are good
    std::uint64_t unsealed = 0;  ///< leaves after it
    std::uint64_t unfinished_bytes = 0;  ///< behind the last leaf: being written, or cut off
    std::uint64_t checkpoints = 0;
    std::vector<Cosigned> cosigned;  ///< of each given witness
    std::uint64_t anchored = 0;      ///< largest anchor that agrees
    std::uint64_t epochs = 0;
    std::optional<VerifierKey> first_epoch_key;
    std::vector<Prune> prunes;      ///< the first kPrunesToldMax whose seals are there
    bool prune_unfinished = false;  ///< more is there than the last of them left
    bool in_use = false;            ///< a writer went on meanwhile

    [[nodiscard]] bool good() const { return damage_count == 0; }

    /// Leaves below are under a checkpoint that agrees with one from outside the host.
    [[nodiscard]] std::uint64_t seen_elsewhere() const {
        std::uint64_t size = anchored;
        for (const Cosigned& witness : cosigned) {
            size = std::max(size, witness.size);
        }
        return size;
    }
};

/// Error only where the folder can't be read at all; everything wrong in it is in the report.
Result<VerifyReport> verify(Disk& disk, const std::string& folder, const VerifyOptions& options);

}  // namespace mailvigil::evidence
