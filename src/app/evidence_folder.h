// EvidenceFolder: the ledger of a folder and its index, opened together to be asked. The index is
// made to catch up where nobody writes the ledger; otherwise its end is read with each question.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "event/event_batch.h"
#include "evidence/disk.h"
#include "evidence/index.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::app {

inline constexpr std::string_view kDefaultEvidence = "/var/lib/mailvigil/evidence";

/// A command to give next, asked of that folder: "mailvigil incident show 3 --evidence DIR".
std::string asked_of(std::string_view folder, std::string_view command);

/// How far the ledger is sealed.
struct SealedState {
    std::string origin;
    std::uint64_t sealed = 0;       ///< leaves below are under a signed checkpoint
    std::uint64_t size = 0;         ///< leaves that there are
    std::optional<Timestamp> time;  ///< of the newest seal; absent: there is none

    [[nodiscard]] std::uint64_t unsealed() const { return size > sealed ? size - sealed : 0; }
};

/// One thread at a time.
class EvidenceFolder {
  public:
    /// So many leaves behind, an index is made to catch up if that can be done.
    static constexpr std::uint64_t kBehindMax = 20'000;

    /// Error: unreadable, or malformed where it is no evidence folder; with what to do.
    static Result<EvidenceFolder> open(evidence::Disk& disk, std::string path);

    [[nodiscard]] const std::string& path() const { return path_; }

    evidence::LedgerReader& ledger() { return *ledger_; }

    evidence::Index& index() { return *index_; }

    Result<SealedState> sealed();

    /// The event of a leaf, in `batch`, which is cleared.
    Result<const Event*> event(std::uint64_t leaf, EventBatch& batch);

  private:
    EvidenceFolder() = default;

    std::string path_;
    std::unique_ptr<evidence::LedgerReader> ledger_;
    std::unique_ptr<evidence::Index> index_;
};

/// Makes the index of a folder anew, or takes in what it lacks. The caller must hold the folder's
/// lock, or know that nobody writes.
enum class Rebuild : std::uint8_t { what_is_missing, everything };
Result<std::uint64_t> write_index(evidence::Disk& disk,
                                  const std::string& path,
                                  Rebuild rebuild,
                                  const std::function<void(std::uint64_t)>& progress);

/// The name of the file that the one writer of a folder locks.
std::string lock_file(std::string_view folder);

}  // namespace mailvigil::app
