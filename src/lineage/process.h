// Process: one life of one pid, as far as events tell of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "lineage/interpreter.h"

namespace mailvigil::lineage {

/// A place in the Lineage; stays valid as a question (`find`) after the process was forgotten.
struct ProcessRef {
    std::uint32_t slot = 0xffffffffU;
    std::uint32_t generation = 0;

    bool operator==(const ProcessRef&) const = default;

    explicit operator bool() const { return slot != 0xffffffffU; }
};

struct Process {
    ProcessRef self;
    ProcessRef parent;
    bool parent_inferred =
        false;  ///< its fork was not recorded; taken to be the session's latest shell
    Pid pid;
    Timestamp start{};  ///< first sign of life
    Timestamp seen{};   ///< latest event
    bool ended = false;
    bool detached = false;  ///< its parent went away and init took it: a daemon of its own

    std::string executable;
    std::string name;               ///< comm
    std::vector<std::string> args;  ///< empty: no exec was seen
    bool args_cut = false;          ///< more was given than is kept
    std::string working_directory;
    std::string terminal;
    Uid user;
    Uid effective_user;
    std::uint32_t login_user = kUnset;
    SessionId session{kUnset};

    ScriptKind script_kind = ScriptKind::none;
    std::string interpreter;
    std::string script;  ///< path joined with the working directory, or the inline text

    std::string exec_event;  ///< id of the record of its latest exec; empty: none seen
    Timestamp exec_time{};
    std::uint32_t parent_pid = 0;

    /// pid and start: the kernel gives a pid again, never both.
    [[nodiscard]] std::string entity_id() const;

    /// The arguments as a shell takes them, or the executable when no exec was seen.
    [[nodiscard]] std::string command_line() const;
};

}  // namespace mailvigil::lineage
