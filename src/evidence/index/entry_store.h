// EntryStore: the ordinary tables of everything that is no access, and the few numbers that the
// index knows of itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/index/database.h"
#include "evidence/index/entry.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence::index {

/// How far the index goes.
struct Reach {
    std::uint64_t first = 0;  ///< leaves before are pruned
    std::uint64_t next = 0;   ///< first leaf that is not in it
    Position position;        ///< where to go on reading
    std::uint64_t last_incident = 0;
    std::string origin{};  ///< of the ledger; empty: not known yet

    /// Whether it is of another ledger than that of this name.
    [[nodiscard]] bool is_foreign_to(std::string_view ledger) const {
        return !origin.empty() && !ledger.empty() && origin != ledger;
    }
};

class EntryStore {
  public:
    static constexpr const char* kSchema =
        "CREATE TABLE reach(first INTEGER NOT NULL, next INTEGER NOT NULL, leaf INTEGER NOT NULL,"
        " segment INTEGER NOT NULL, position INTEGER NOT NULL, last_incident INTEGER NOT NULL,"
        " origin BLOB NOT NULL);"
        "INSERT INTO reach VALUES(0, 0, 0, 0, 0, 0, x'');"
        "CREATE TABLE entry(leaf INTEGER PRIMARY KEY, since INTEGER NOT NULL,"
        " until INTEGER NOT NULL, class INTEGER NOT NULL, action BLOB, host BLOB, level BLOB,"
        " verdict BLOB, stage BLOB, title BLOB, who BLOB, incident INTEGER, rule BLOB,"
        " reason BLOB, mailboxes BLOB);"
        "CREATE INDEX entry_since ON entry(since);"
        "CREATE INDEX entry_incident ON entry(leaf) WHERE incident IS NOT NULL;"
        "CREATE TABLE object(path BLOB NOT NULL, leaf INTEGER NOT NULL,"
        " PRIMARY KEY(path, leaf)) WITHOUT ROWID;"
        "CREATE TABLE digest(kind INTEGER NOT NULL, sha256 BLOB NOT NULL, leaf INTEGER NOT NULL,"
        " PRIMARY KEY(kind, sha256, leaf)) WITHOUT ROWID;";

    static Result<EntryStore> open(Database& database);

    Result<Reach> reach();
    Result<void> set_reach(const Reach& reach);

    Result<void> add(const Entry& entry);
    Result<void> prune(std::uint64_t first);

    /// Visits in the order of time and leaf, until the visitor returns false.
    Result<void> entries(std::uint64_t first,
                         const TimeSpan& span,
                         std::optional<std::string_view> path,
                         const std::function<bool(const Entry&)>& visit);

    /// Visits findings and closings in the order of their leaves.
    Result<void> of_incidents(std::uint64_t first, const std::function<void(const Entry&)>& visit);

    /// The first leaf from `first` on with that hash.
    Result<std::optional<std::uint64_t>> digest(Entry::Digest kind,
                                                std::string_view sha256,
                                                std::uint64_t first);

  private:
    EntryStore() = default;

    static Result<Entry> entry_at(const Statement& row);

    Statement reach_;
    Statement set_reach_;
    Statement add_;
    Statement add_object_;
    Statement add_digest_;
    Statement prune_;
    Statement prune_objects_;
    Statement prune_digests_;
    Statement by_time_;
    Statement by_path_;
    Statement of_incidents_;
    Statement digest_;
};

}  // namespace mailvigil::evidence::index
