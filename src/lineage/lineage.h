// Lineage: processes and sessions rebuilt from events. Forks need not be recorded: a process comes
// into being with its first event, or by being named as a parent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "lineage/interpreter.h"
#include "lineage/process.h"
#include "lineage/session.h"

namespace mailvigil::lineage {

struct LineageCounts {
    std::uint64_t processes = 0;
    std::uint64_t processes_evicted = 0;
    std::uint64_t sessions_evicted = 0;
    std::uint64_t impossible_pids = 0;
};

class Lineage {
  public:
    static constexpr std::size_t kProcessesMax = 32'768;
    static constexpr std::size_t kSessionsMax = 4'096;
    static constexpr std::size_t kNamesMax = 65'536;
    static constexpr std::size_t kAncestorsMax = 32;
    /// Of a command line so much is kept.
    static constexpr std::size_t kArgumentBytesMax = 1'024;  ///< of each argument
    static constexpr std::size_t kCommandBytesMax = 4'096;
    static constexpr std::size_t kArgumentsMax = 256;
    /// PID_MAX_LIMIT of linux/threads.h.
    static constexpr std::uint32_t kPidMax = 4'194'304;

    explicit Lineage(const InterpreterTable& interpreters);

    /// Takes an event in. Returns the process that acted, as it is after the event; null: the event
    /// names none.
    Process* apply(const Event& event);

    /// Null when it was forgotten.
    [[nodiscard]] const Process* find(ProcessRef ref) const;

    [[nodiscard]] const Process* parent(const Process& process) const {
        return find(process.parent);
    }

    /// From the parent upwards, at most kAncestorsMax, until `visit` returns false.
    void ancestors(const Process& process, const std::function<bool(const Process&)>& visit) const;

    /// The topmost known ancestor that is not init, or the process itself.
    [[nodiscard]] const Process& tree_root(const Process& process) const;

    /// Null: the source says nothing of it.
    [[nodiscard]] const Session* session(SessionId id) const;

    [[nodiscard]] const Session* session(const Process& process) const {
        return session(process.session);
    }

    /// The login name for a user id as learned from events; "uid 1007" when unknown.
    [[nodiscard]] std::string user_name(std::uint32_t id) const;
    /// Empty when unknown.
    [[nodiscard]] std::string_view known_user_name(std::uint32_t id) const;

    /// Called before a process is forgotten.
    void on_eviction(std::function<void(const Process&)> callback) {
        evicted_ = std::move(callback);
    }

    [[nodiscard]] const LineageCounts& counts() const { return counts_; }

  private:
    struct Slot {
        Process process;
        std::uint32_t generation = 0;
        std::uint32_t older = kNoSlot;  ///< least recently used list
        std::uint32_t newer = kNoSlot;
        bool used = false;
    };

    static constexpr std::uint32_t kNoSlot = 0xffffffffU;
    static constexpr std::uint32_t kPageBits = 10;

    Process& resolve(const Event& event, std::uint32_t pid);
    Process& create(std::uint32_t pid, Timestamp time);
    Process& parent_of(std::uint32_t pid, const Event& event);
    void touch(std::uint32_t slot);
    void unlink(std::uint32_t slot);
    void evict_oldest();
    std::uint32_t& slot_of(std::uint32_t pid);

    void evict_sessions();
    void take_boot();
    void take_identity(Process& process, const Event& event);
    void take_exec(Process& process, const Event& event);
    void take_fork(const Process& parent, const Event& event);
    void take_session(const Event& event, Process* process);
    Session& session_of(SessionId id, Timestamp time);
    void learn_name(std::uint64_t id, std::string_view name);

    const InterpreterTable& interpreters_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<std::unique_ptr<std::uint32_t[]>> pages_;  ///< pid -> slot
    std::uint32_t oldest_ = kNoSlot;
    std::uint32_t newest_ = kNoSlot;
    std::size_t live_ = 0;
    std::unordered_map<std::uint32_t, Session> sessions_;
    std::unordered_map<std::uint32_t, std::string> names_;
    std::function<void(const Process&)> evicted_;
    LineageCounts counts_;
};

}  // namespace mailvigil::lineage
