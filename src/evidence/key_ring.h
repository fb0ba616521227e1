// The private keys of a ledger: one log key for good, one epoch key a day, its predecessor erased.
// docs/evidence-format.md, "Checkpoints".
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/note.h"

namespace mailvigil::evidence {

using Day = std::chrono::sys_days;

inline Day day_of(Timestamp time) {
    return std::chrono::floor<std::chrono::days>(time);
}

struct EpochKey {
    SignerKey key;
    Day since;  ///< the day it signs for
};

class KeyRing {
  public:
    /// Makes both keys of a new ledger, on disk.
    static Result<KeyRing> create(Disk& disk,
                                  const Layout& layout,
                                  std::string_view origin,
                                  Day today);

    /// Reads them. Of a rotation that a crash cut short is_successor() decides: it is asked with
    /// the next epoch key, and says whether its seal was signed.
    template <class IsSuccessor>
    static Result<KeyRing> load(Disk& disk, const Layout& layout, const IsSuccessor& is_successor) {
        KeyRing ring(disk, layout);
        TRY(ring.read());
        if (ring.next_) {
            TRY(is_successor(ring.next_->key.verifier()) ? ring.finish_rotation()
                                                         : ring.drop_next());
        }
        return ring;
    }

    /// Makes the next epoch key, on disk beside the present one, which still signs.
    Result<VerifierKey> prepare_rotation(Day today);

    /// The next epoch key signs from now on; the present one is erased.
    Result<void> finish_rotation();

    /// Forgets a next epoch key that was never sealed.
    Result<void> drop_next();

    [[nodiscard]] const SignerKey& log() const { return *log_; }

    [[nodiscard]] const SignerKey& epoch() const { return epoch_->key; }

    [[nodiscard]] Day epoch_day() const { return epoch_->since; }

  private:
    KeyRing(Disk& disk, Layout layout) : disk_(&disk), layout_(std::move(layout)) {}

    Result<void> read();
    Result<void> write(const std::string& path, const EpochKey& key);

    Disk* disk_;
    Layout layout_;
    std::optional<SignerKey> log_;
    std::optional<EpochKey> epoch_;
    std::optional<EpochKey> next_;
};

}  // namespace mailvigil::evidence
