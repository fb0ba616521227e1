// Actor: a process as it was when it acted, kept after the lineage forgot it or it runs something
// else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/arena.h"
#include "event/event.h"

namespace mailvigil::lineage {
class Lineage;
struct Process;
}  // namespace mailvigil::lineage

namespace mailvigil::detect {

/// Which process life it is, what it runs and for whom: little enough to be kept by the million.
struct Identity {
    std::string entity_id;
    std::uint32_t pid = 0;
    std::string executable;
    std::string script;
    std::uint32_t user = 0;
    std::string user_name;
    std::optional<std::uint32_t> login_user;
    std::string login_user_name;
    std::optional<std::uint32_t> session;
    std::optional<IpAddress> source;  ///< where its session came from
};

/// The process that a finding shows first, or one that took part.
struct Actor : Identity {
    std::uint32_t parent_pid = 0;
    std::string name;
    std::vector<std::string> args;
    std::string command_line;
    std::string working_directory;
    bool args_cut = false;
    std::vector<std::string> ancestry;
};

Identity identity_of(const lineage::Process& process, const lineage::Lineage& lineage);
Actor actor_of(const lineage::Process& process, const lineage::Lineage& lineage);

/// Copies into the event; texts go to the arena.
void put_identity(const Identity& identity, Event& event, Arena& arena);
void put_actor(const Actor& actor, Event& event, Arena& arena);

}  // namespace mailvigil::detect
