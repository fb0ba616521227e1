// KeyBook: which keys sign at which size, by the seals, and whether they did.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evidence/checkpoint.h"
#include "evidence/seal.h"
#include "evidence/verify.h"

namespace mailvigil::evidence {

class KeyBook {
  public:
    KeyBook(const VerifyOptions& options, TellDamage damaged);

    /// A genesis, or a key seal that its predecessor signed. In the order of their leaves.
    void take(const Seal& seal, const std::string& origin);

    /// Whether a checkpoint is signed by the keys of its size. Counts cosignatures.
    bool check_signatures(const Checkpoint& checkpoint);

    /// All signatures are checked: what never came is told.
    void finish();

    [[nodiscard]] std::uint64_t epochs() const { return epochs_.size(); }

    [[nodiscard]] const std::optional<VerifierKey>& first() const { return first_; }

    [[nodiscard]] const std::vector<Cosigned>& cosigned() const { return cosigned_; }

  private:
    /// From its leaf on, this key signs (but for the checkpoint that the leaf ends).
    struct Epoch {
        std::uint64_t leaf = 0;
        VerifierKey key;
    };

    void take_genesis(const Seal& seal, const VerifierKey& key, const std::string& origin);
    [[nodiscard]] const Epoch* epoch_of(std::uint64_t size) const;
    bool check_cosignatures(const Checkpoint& checkpoint, const std::string& where);

    const VerifyOptions& options_;
    TellDamage damaged_;
    std::vector<Epoch> epochs_;
    std::optional<VerifierKey> log_key_;
    std::optional<VerifierKey> first_;
    std::vector<Cosigned> cosigned_;
};

}  // namespace mailvigil::evidence
