// From the records of one audit event to an Event of the belt.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "event/event_batch.h"
#include "ingest/adapter/linux_audit/assembly.h"
#include "ingest/adapter/linux_audit/path_resolver.h"
#include "ingest/adapter/linux_audit/record.h"

namespace mailvigil::ingest::adapter::audit_log {

/// User names by id, learned from enriched records.
class UserNames {
  public:
    static constexpr std::size_t kNamesMax = 65536;

    /// The name of `id`; learned from the enriched `key` of `body` when it is not known yet. Empty:
    /// the log doesn't say.
    std::string_view name(std::string_view node,
                          std::uint32_t id,
                          std::string_view body,
                          std::string_view key);

  private:
    std::unordered_map<std::uint64_t, std::string> names_;
    // Nearly every event asks for the same few ids.
    std::array<std::pair<std::uint64_t, const std::string*>, 64> recent_{};
};

class Normaliser {
  public:
    /// Gives the event of a whole (or given-up) assembly to `batch`, which must have room. False:
    /// it carries nothing that the belt needs.
    bool system_call(const Assembly& assembly, EventBatch& batch);

    /// Gives the event of a one-record event (USER_*, LOGIN, SERVICE_*, CONFIG_CHANGE, DAEMON_*,
    /// SYSTEM_*).
    bool single_record(RecordType type, const RecordHeader& header, EventBatch& batch);

    /// Passwords and keys never get into records of ours, but hostile names do: texts longer than
    /// this are cut.
    static constexpr std::size_t kTextBytesMax = 64 * 1024;
    static constexpr std::size_t kArgumentsMax = 2048;

  private:
    void set_identity(const Assembly& assembly, Event& event, EventBatch& batch);
    bool file_event(const Assembly& assembly, EventBatch& batch);
    bool open_event(const Assembly& assembly, EventBatch& batch);
    bool two_names(const Assembly& assembly, EventClass event_class, EventBatch& batch);
    bool process_event(const Assembly& assembly, EventBatch& batch);
    bool socket_event(const Assembly& assembly, EventBatch& batch);
    Event& start_event(const Assembly& assembly, EventClass event_class, EventBatch& batch);
    void set_file(const PathRecord& path, std::string_view name, Event& event, Arena& arena);
    std::span<const std::string_view> arguments(const Assembly& assembly, Arena& arena);

    UserNames names_;
    PathResolver paths_;
    std::string scratch_;
};

}  // namespace mailvigil::ingest::adapter::audit_log
