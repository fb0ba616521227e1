// The chain of keys: from the first epoch key, which somebody outside knows, to the one that signed
// a checkpoint. Each link is a proof of a `genesis` or `key` seal under the checkpoint that it
// ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence {

/// The links of all keys up to the newest, oldest first, from the segments or from kept/.
Result<std::vector<LeafProof>> key_chain(Disk& disk, const Layout& layout, LedgerReader& reader);
/// The same where the checkpoints were read already.
Result<std::vector<LeafProof>> key_chain(Disk& disk,
                                         const Layout& layout,
                                         LedgerReader& reader,
                                         std::span<const Checkpoint> checkpoints);

/// A chain as a folder of its own, or part of one: a file for each link, named as in kept/.
std::string key_link_name(std::uint64_t leaf);
Result<void> write_key_chain(Disk& disk,
                             const std::string& folder,
                             std::span<const LeafProof> chain);
/// Oldest first. Error: there is no such folder, or malformed: a file of it is no link.
Result<std::vector<LeafProof>> read_key_chain(Disk& disk, const std::string& folder);

/// The keys of a ledger.
struct LedgerKeys {
    VerifierKey log;
    VerifierKey epoch;
};

/// Those that the ledger says it began with, by the first link. Nothing is verified.
Result<LedgerKeys> claimed_keys(std::span<const LeafProof> chain);

/// Verifies many proofs with one chain, whose links are verified once.
class ProofVerifier {
  public:
    ProofVerifier(std::span<const LeafProof> chain, const VerifierKey& first);

    /// Whether the leaf of `proof` was sealed in the ledger that begins with the first key: its
    /// path leads to its checkpoint, which the log key and the epoch key of its day signed, and the
    /// chain leads there. Error: malformed, with what does not hold.
    Result<void> verify(const LeafProof& proof);

    /// Whether those keys signed it.
    Result<void> verify(const Checkpoint& checkpoint);

    /// Error: not even the first key holds, so that nothing can be verified.
    [[nodiscard]] Result<void> begins() const;

  private:
    struct Epoch {
        std::uint64_t seal = 0;  ///< leaf of the seal that names the keys
        LedgerKeys keys;
    };

    std::vector<Epoch> epochs_;
    std::uint64_t broken_at_ = 0;  ///< leaf of the first link that does not hold
    std::optional<Error> broken_;  ///< what is wrong with it
    std::string known_;            ///< checkpoint that was verified last
};

/// The same for one proof.
Result<void> verify_proof(const LeafProof& proof,
                          std::span<const LeafProof> chain,
                          const VerifierKey& first);

}  // namespace mailvigil::evidence
