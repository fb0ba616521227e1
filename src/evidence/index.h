// Index: answers questions about a ledger in milliseconds. One SQLite file in the evidence folder;
// no evidence itself: every answer names leaves, and rebuild() makes it anew from them.
//
// Accesses are many (millions), everything else is little. Accesses are therefore indexed in chunks
// of leaves, not row by row; what came after the last chunk is read from the ledger's end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence {

/// Half open; what touches it counts.
struct TimeSpan {
    std::optional<Timestamp> since;
    std::optional<Timestamp> until;
};

/// One access, as `who` tells it. Texts are valid during the visit. An absent text is empty.
struct AccessRow {
    std::uint64_t leaf = 0;
    Timestamp first{};
    Timestamp last{};
    std::string_view host;
    std::string_view mailbox;
    std::string_view access_class;  ///< list, read, change, denied
    std::string_view verdict;
    std::string_view reason;  ///< finding_reasons joined with "; "
    std::string_view who;     ///< finding_who, else the user's name or id
    std::string_view executable;
    std::string_view script;
    std::string_view store;  ///< file_path
    std::optional<std::uint64_t> session;
    std::optional<std::uint64_t> pid;
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> incident;
    std::uint64_t count = 0;
};

/// What is told in one line of a timeline: anything but an access.
struct EntryRow {
    std::uint64_t leaf = 0;
    Timestamp time{};  ///< of a finding: of its first event
    Timestamp end{};
    std::string_view event_class;
    std::string_view action;
    std::string_view host;
    std::string_view level;
    std::string_view verdict;
    std::string_view stage;
    std::string_view title;  ///< title or message, else what the event is about (path, key)
    std::string_view who;
    std::optional<std::uint64_t> incident;
};

struct IncidentRow {
    std::uint64_t number = 0;
    std::string host;
    std::string rule;
    std::string title;
    std::string level;
    std::string verdict;
    std::string stage;
    std::string who;
    std::vector<std::string> mailboxes;
    Timestamp start{};
    Timestamp end{};
    std::uint64_t updates = 0;
    std::vector<std::uint64_t> leaves;         ///< of its findings, oldest first
    std::optional<std::uint64_t> closed_leaf;  ///< somebody closed it
    std::string closed_by;
    std::string closed_because;
};

/// Whom `what` asks about.
struct ActorQuery {
    enum class Kind : std::uint8_t { user, session, process };

    Kind kind = Kind::user;
    std::string text;  ///< a user's name or id, a session's number, an entity id or a pid
};

/// One thread at a time; readers and the one writer may have it open at once (WAL).
class Index {
  public:
    enum class Mode : std::uint8_t { read, write };

    static constexpr std::string_view kFile = "index.sqlite";

    /// Opens the index of the evidence folder. For reading, an absent or foreign one is no error:
    /// everything is then read from the ledger's end on, and stale() says so.
    static Result<std::unique_ptr<Index>> open(const std::string& folder, Mode mode);
    ~Index();

    /// The leaf that add() takes next; of an index that is open for reading the first that was not
    /// in it at the last question.
    [[nodiscard]] std::uint64_t next_leaf() const;

    /// There is no index of this version to read: every question reads the whole ledger.
    [[nodiscard]] bool stale() const;

    // -- writing

    /// So many leaves make one chunk.
    static constexpr std::uint64_t kChunkLeaves = 65'536;

    /// Takes the next leaf in; leaves must come in order without a hole.
    Result<void> add(std::uint64_t leaf, const Event& event);

    /// Leaves that were added and are not written yet. Call flush() when they are kChunkLeaves, now
    /// and then on a quiet host (every question has to read them from the ledger), and at the end.
    [[nodiscard]] std::uint64_t waiting() const;

    /// Writes what waits. `durable`: leaves that are on disk in the ledger; more is never written,
    /// so that the index never knows of a leaf that a crash takes away. `after`: a place in the
    /// ledger at or before leaf `durable`, to read on from; {} where none is known, which costs
    /// each question a search.
    Result<void> flush(std::uint64_t durable, Position after);

    /// Takes in what the ledger has beyond next_leaf(), in constant memory, and flushes. An index
    /// of another ledger, or one that knows more leaves than the ledger has, is built anew.
    Result<void> catch_up(LedgerReader& ledger, const std::function<void(std::uint64_t)>& progress);

    /// Forgets everything, even a damaged file; catch_up() then builds it anew. Whoever has it open
    /// for reading keeps the old one.
    Result<void> clear();

    /// Forgets leaves before `first` (pruned).
    Result<void> prune(std::uint64_t first);

    // -- questions: the index, then the ledger's end. Error: malformed, where the index is damaged.
    // A visitor asks no further questions of the same Index.

    /// Accesses to a mailbox in order of their first time.
    Result<void> accesses(LedgerReader& ledger,
                          std::string_view mailbox,
                          const TimeSpan& span,
                          const std::function<void(const AccessRow&)>& visit);

    /// Everything that an actor did: accesses and findings, as events in the order of their leaves.
    /// The event is valid during the call.
    Result<void> actor(LedgerReader& ledger,
                       const ActorQuery& query,
                       const TimeSpan& span,
                       const std::function<void(std::uint64_t leaf, const Event&)>& visit);

    /// Everything but accesses, in order of time; with `path` only what is about that path
    /// (file_path, finding_objects).
    Result<void> entries(LedgerReader& ledger,
                         const TimeSpan& span,
                         std::optional<std::string_view> path,
                         const std::function<void(const EntryRow&)>& visit);

    /// Incidents in order of their numbers.
    Result<std::vector<IncidentRow>> incidents(LedgerReader& ledger, const TimeSpan& span);

    /// Highest incident number so far; 0: none.
    Result<std::uint64_t> last_incident(LedgerReader& ledger);

    /// Leaf of a `source` record with that SHA-256, where that log was read before.
    Result<std::optional<std::uint64_t>> source(LedgerReader& ledger, std::string_view sha256_hex);

    /// Whether content with that SHA-256 is in the ledger; the leaf of its first part.
    Result<std::optional<std::uint64_t>> content(LedgerReader& ledger, std::string_view sha256_hex);

    /// All mailboxes with an access in the ledger, sorted.
    Result<std::vector<std::string>> mailboxes(LedgerReader& ledger);

  private:
    struct State;
    explicit Index(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mailvigil::evidence
