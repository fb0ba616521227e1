// SealBook: what the seals of a ledger say of what is before them, and what they permit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evidence/checkpoint_book.h"
#include "evidence/key_book.h"
#include "evidence/seal.h"
#include "evidence/verify.h"

namespace mailvigil::evidence {

class SealBook {
  public:
    /// Keys go to `keys`.
    SealBook(const CheckpointBook& checkpoints, KeyBook& keys, TellDamage damaged)
        : checkpoints_(checkpoints), keys_(keys), damaged_(std::move(damaged)) {}

    /// In the order of their leaves.
    void take(const Seal& seal);

    /// Leaves below may be missing.
    [[nodiscard]] std::uint64_t pruned_to() const { return pruned_to_; }

    /// The first kPrunesToldMax.
    [[nodiscard]] const std::vector<Prune>& prunes() const { return prunes_; }

  private:
    void take_prune(const Seal& seal, const std::string& where);
    void check_before(const Seal& seal, const std::string& where);

    const CheckpointBook& checkpoints_;
    KeyBook& keys_;
    TellDamage damaged_;
    std::uint64_t pruned_to_ = 0;
    std::vector<Prune> prunes_;
};

}  // namespace mailvigil::evidence
