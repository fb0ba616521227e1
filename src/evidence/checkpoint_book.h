// CheckpointBook: the checkpoints of a ledger as a verifier reads them, while a writer may go on.
// Tells what is wrong with the files and between the entries; roots and signatures are for others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/verify.h"

namespace mailvigil::evidence {

class CheckpointBook {
  public:
    CheckpointBook(Disk& disk, const Layout& layout, TellDamage damaged)
        : disk_(disk), layout_(layout), damaged_(std::move(damaged)) {}

    /// Reads `checkpoint`, then `checkpoints`. Before anything else is read: what these sign is
    /// there.
    void read();

    /// Once the records are read: takes in what a writer has added meanwhile. What is begun and not
    /// finished (a seal without its checkpoint, part of an entry, a `checkpoint` that is one
    /// behind) is damage if it stays so for `patience`.
    void read_on(std::optional<std::uint64_t> last_seal, Duration patience);

    /// One a size, the late ones of read_on() behind those of read().
    [[nodiscard]] const std::vector<Checkpoint>& entries() const { return entries_; }

    /// So many of them are not late.
    [[nodiscard]] std::size_t read_first() const { return read_first_; }

    /// The newest size that is not late; 0: there is none.
    [[nodiscard]] std::uint64_t newest_read_first() const {
        return read_first_ == 0 ? 0 : sizes_[read_first_ - 1];
    }

    /// Of the entries, ascending.
    [[nodiscard]] const std::vector<std::uint64_t>& sizes() const { return sizes_; }

    [[nodiscard]] const Checkpoint* find(std::uint64_t size) const;

    /// The newest of at most that size.
    [[nodiscard]] const Checkpoint* newest_until(std::uint64_t size) const;

    [[nodiscard]] const std::string& origin() const { return origin_; }

    /// A writer went on between read() and the end of read_on().
    [[nodiscard]] bool went_on() const { return went_on_; }

  private:
    void take_log(std::string_view bytes);
    void add(Checkpoint entry);
    void check_repeated(const Checkpoint& before,
                        const Checkpoint& again,
                        const std::string& where);
    void look_again();
    [[nodiscard]] bool is_shown_behind() const;
    [[nodiscard]] bool is_unsigned(std::optional<std::uint64_t> last_seal) const;

    Disk& disk_;
    const Layout& layout_;
    TellDamage damaged_;
    std::vector<Checkpoint> entries_;
    std::vector<std::uint64_t> sizes_;
    std::size_t read_first_ = 0;
    std::string origin_;
    std::uint64_t whole_bytes_ = 0;  ///< of `checkpoints`: up to the end of the last entry
    bool cut_off_ = false;           ///< something follows that may be part of an entry
    Result<std::string> shown_{};    ///< `checkpoint`
    bool shown_is_foreign_ = false;  ///< told already
    bool went_on_ = false;
};

}  // namespace mailvigil::evidence
